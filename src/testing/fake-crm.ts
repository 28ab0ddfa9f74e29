import type { IncomingMessage, ServerResponse } from 'node:http';
import { crmFormat } from '../format/crm-format.js';
import { systemClock, type Clock } from '../core/clock.js';
import { createArrivals } from './arrivals.js';
import { answerJson, prepareStep, type CrmAnswer, type CrmStep, type PreparedStep } from './crm-step.js';
import { errorFrom } from './error-from.js';
import { checkKeys } from './known-keys.js';
import { readRequest, type OpenRequest, type ReceivedRequest } from './received-request.js';
import { isNotification } from './sent-notification.js';
import { createSentRecord, type SentNotifications } from './sent-notifications.js';
import { startSwitchableServer } from './switchable-server.js';
import { checkWait, type WaitLimit } from './wait-limit.js';

/** What it does until told otherwise: the same with each request, or nothing at all, since the port refuses connections. */
export type CrmBehaviour = CrmStep | 'down';

export interface FakeCrmOptions {
  /**
   * The port; 0 is one that is free. Give one only to what cannot be told the `url`.
   * @default 0
   */
  readonly port?: number | undefined;
  /**
   * The interface it listens on. Change it when the app runs in a container.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /**
   * The token it takes; a request with another gets 401. `null` takes any, and none.
   * @default 'test-token'
   */
  readonly token?: string | null | undefined;
  /**
   * What the first notifications get, in turn; all is well with those that follow.
   * @default nothing goes wrong
   */
  readonly script?: readonly CrmStep[] | undefined;
  /**
   * The time that its delays go by. Give it the notifier's owned clock where there is one, so that the two keep step.
   * @default the computer's own
   */
  readonly clock?: Clock | undefined;
}

/** A CRM for tests: a real server on a real socket, with faults as a test wants them, that remembers what it got. */
export interface FakeCrm {
  /** For `baseUrl`. */
  readonly url: string;
  readonly port: number;
  /** For `authToken`. */
  readonly token: string;
  /** Every request so far, oldest first; health checks and what was refused included. */
  readonly received: readonly ReceivedRequest[];
  /** The notifications it has taken. */
  readonly sent: SentNotifications;
  /**
   * Resolves with every request so far once there are at least `count` of them (1), answered or not: the way to know that
   * one hangs. Rejects after `timeoutMs`, or when the fake CRM is closed.
   */
  waitForRequests(count?: number, limit?: WaitLimit): Promise<readonly ReceivedRequest[]>;
  /**
   * Says what the next notifications get, in turn, after those that the script still has. What it refuses by itself (another
   * token, route or body) takes no step. Throws a `TypeError` for a step that it does not know.
   */
  script(...steps: readonly CrmStep[]): void;
  /**
   * Says what every request gets from now on that the script has no step for; `'ok'` ends it. Health checks follow it too.
   * A function is given every request, and token, route and body are its to check. Resolves when it is in force: after
   * `'down'` the port refuses connections, after the end of `'down'` it listens on the same port again. Rejects with a
   * `TypeError` for a behaviour that it does not know.
   */
  behave(behaviour: CrmBehaviour): Promise<void>;
  /** Ends the server and every connection. Rejects with what an answer function of yours has thrown, if one has. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const defaultToken = 'test-token';

/**
 * Starts a CRM for tests. Rejects with a `TypeError` for an option or a step that cannot be meant, and with node's own error
 * when the port is taken.
 */
export async function startFakeCrm(options: FakeCrmOptions = {}): Promise<FakeCrm> {
  checkKeys(options, ['port', 'host', 'token', 'script', 'clock'], 'startFakeCrm');
  const { port = 0, host = '127.0.0.1', token = defaultToken, clock = systemClock } = options;
  if (token !== null && !/^[\x21-\x7e]+$/.test(token))
    throw new TypeError('token must be visible ASCII, or null for any');
  if (typeof clock.after !== 'function') throw new TypeError('clock must be a clock, such as createOwnedClock() makes');

  const script = prepareScript(options.script ?? []);
  let behaviour: PreparedStep = prepareStep('ok', 'behave');
  let answersAll = false;
  let isClosed = false;
  const failures: Error[] = [];

  const requests = createArrivals<OpenRequest>();
  const sent = createSentRecord(requests.all);

  const choose = (request: ReceivedRequest): PreparedStep => {
    const refusal = answersAll ? undefined : refusalOf(request, token);
    if (refusal !== undefined) return { delayMs: 0, answer: refusal };
    return (isNotifyCall(request) ? script.shift() : undefined) ?? behaviour;
  };
  const carryOut = async (request: ReceivedRequest, res: ServerResponse): Promise<void> => {
    const { delayMs, answer } = choose(request);
    try {
      if (delayMs > 0) await passed(delayMs, clock, res);
      await answer(request, res);
    } catch (error) {
      // Thrown here it would end the test's process; `close` tells of it.
      failures.push(errorFrom(error));
      if (res.headersSent) res.destroy();
      else answerJson(res, 500, { error: 'the answer function failed' });
    }
  };

  const server = await startSwitchableServer(
    (req: IncomingMessage, res: ServerResponse) => {
      readRequest(req, (request) => {
        res.on('finish', () => {
          request.status = res.statusCode;
          if (isSuccess(res.statusCode) && request.method === 'POST' && isNotification(request)) sent.add(request);
        });
        requests.add(request);
        void carryOut(request, res);
      });
    },
    host,
    port,
  );

  const close = async (): Promise<void> => {
    isClosed = true;
    await server.shut();
    requests.end();
    sent.end();
    // Once: whoever closes it again has heard of it.
    const [failure] = failures.splice(0);
    if (failure !== undefined) throw failure;
  };

  return {
    url: `http://${urlHostOf(host)}:${String(server.port)}`,
    port: server.port,
    token: token ?? defaultToken,
    received: requests.all,
    sent,
    async waitForRequests(count = 1, limit = {}) {
      const { timeoutMs } = checkWait({ ...limit, count });
      await requests.waitFor({
        matches: () => true,
        count,
        timeoutMs,
        errorOf: ({ length }, ending) =>
          new Error(`only ${String(length)} of ${String(count)} requests came ${ending}`),
      });
      return requests.all;
    },
    script(...steps) {
      script.push(...prepareScript(steps));
    },
    async behave(next) {
      if (isClosed) throw new Error('the fake CRM is closed; start another');
      if (next === 'down') return server.shut();
      behaviour = prepareStep(next, 'behave');
      answersAll = typeof next === 'function';
      return server.open();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function prepareScript(steps: readonly CrmStep[]): PreparedStep[] {
  if (!Array.isArray(steps)) throw new TypeError('script must be an array of steps');
  return steps.map((step: CrmStep, index) => prepareStep(step, `script[${String(index)}]`));
}

/** What a well CRM would not take either, with the answer to it; undefined for all that it would. */
function refusalOf(request: ReceivedRequest, token: string | null): CrmAnswer | undefined {
  if (request.method === 'GET' && request.url === crmFormat.healthPath) return undefined;
  if (!isNotifyCall(request)) return refuse(404, 'no such route');
  if (token !== null && request.headers.authorization !== `Bearer ${token}`) return refuse(401, 'wrong token');
  if (!isNotification(request)) return refuse(400, 'the body is no notification in JSON');
  return undefined;
}

function refuse(status: number, error: string): CrmAnswer {
  return (_request, res) => {
    answerJson(res, status, { error });
  };
}

/** Resolves when the time has passed; never, when the connection is gone by then. */
function passed(delayMs: number, clock: Clock, res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    res.once('close', clock.after(delayMs, resolve));
  });
}

function isNotifyCall({ method, url }: ReceivedRequest): boolean {
  return method === 'POST' && url === crmFormat.notifyPath;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** Where it can be reached from this machine. */
function urlHostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
