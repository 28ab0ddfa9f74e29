import type { IncomingMessage, ServerResponse } from 'node:http';
import { crmFormat } from '../format/crm-format.js';
import { systemClock, type Clock } from '../core/clock.js';
import { createArrivals, createSentRecord, type SentNotifications } from './sent-notifications.js';
import { checkKeys, checkWait, errorFrom, type WaitLimit } from './checks.js';
import { prepareStep, respondJson, type CrmResponder, type CrmStep, type PreparedStep } from './crm-step.js';
import { isNotification, readRequest, type OpenRequest, type ReceivedRequest } from './received-request.js';
import { startSwitchableServer } from './switchable-server.js';

/** What the fake CRM does with every request until that is changed; with `'down'` its port refuses connections. */
export type CrmBehaviour = CrmStep | 'down';

export interface FakeCrmOptions {
  /**
   * The port to listen on; 0 picks a free one. Set it only if the app cannot be given the `url`.
   * @default 0
   */
  readonly port?: number | undefined;
  /**
   * The interface to listen on. Change it if the app runs in a container.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /**
   * The token it requires; a request without it gets 401. `null` accepts any token, or none.
   * @default 'test-token'
   */
  readonly token?: string | null | undefined;
  /**
   * The steps for the first notifications, one each. Every notification after them gets `'ok'`.
   * @default no steps: every notification gets `'ok'`
   */
  readonly script?: readonly CrmStep[] | undefined;
  /**
   * The clock for its delays. If the notifier has an owned clock, pass the same one, so that the two stay in step.
   * @default the system clock
   */
  readonly clock?: Clock | undefined;
}

/** A CRM for tests: a real server on a real socket that fails on request and records what it receives. */
export interface FakeCrm {
  /** Its URL, for the option `baseUrl`. */
  readonly url: string;
  readonly port: number;
  /** Its token, for the option `authToken`. */
  readonly token: string;
  /** Every request so far, oldest first, including health checks and refused requests. */
  readonly received: readonly ReceivedRequest[];
  /** The notifications it took. */
  readonly sent: SentNotifications;
  /**
   * Resolves with every request so far once there are at least `count` of them, with or without a response: use it to wait for
   * a request that hangs. The default of `count` is 1. Rejects after `timeoutMs`, or when the fake CRM is closed.
   *
   * @example
   * await crm.waitForRequests(2, { timeoutMs: 10_000 });
   */
  waitForRequests(count?: number, limit?: WaitLimit): Promise<readonly ReceivedRequest[]>;
  /**
   * Adds steps for the next notifications, one each, after the steps that are left. A request that is refused anyway (wrong
   * token, route or body) uses up no step. Throws a `TypeError` for an invalid step.
   *
   * @example
   * crm.script({ status: 503 }, 'reset'); // then 'ok' again
   */
  script(...steps: readonly CrmStep[]): void;
  /**
   * Sets what every request gets from now on, health checks included, unless the script has a step for it; `'ok'` ends it.
   * A function gets every request and must check token, route and body itself. Resolves once it applies: after `'down'` the
   * port refuses connections, after any other behaviour it listens on the same port again. Rejects with a `TypeError` for
   * an invalid behaviour.
   *
   * @example
   * await crm.behave('down');
   * await crm.behave('ok');
   */
  behave(behaviour: CrmBehaviour): Promise<void>;
  /** Closes the server and every connection. Rejects with the first error that one of your response functions threw, if any. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const defaultToken = 'test-token';

/**
 * Starts a CRM for tests. Rejects with a `TypeError` for an invalid option or step, and with Node's own error if the port is
 * taken.
 *
 * @example
 * const crm = await startFakeCrm({ script: [{ status: 503 }] });
 * const notifier = createNotifier({ baseUrl: crm.url, authToken: crm.token, outbox: ':memory:' });
 * await notifier.notify({ notificationType: 'user_registered', userId: 123, message: 'New user registered' });
 * const [sent] = await crm.sent.waitFor({ type: 'user_registered' }); // sent.retryCount is 1
 * await notifier.close();
 * await crm.close();
 */
export async function startFakeCrm(options: FakeCrmOptions = {}): Promise<FakeCrm> {
  checkKeys(options, ['port', 'host', 'token', 'script', 'clock'], 'startFakeCrm');
  const { port = 0, host = '127.0.0.1', token = defaultToken, clock = systemClock } = options;
  if (token !== null && !/^[\x21-\x7e]+$/.test(token))
    throw new TypeError('token must be visible ASCII, or null for any');
  if (typeof clock.after !== 'function') throw new TypeError('clock must be a clock, such as createOwnedClock() makes');

  const script = prepareScript(options.script ?? []);
  let behaviour: PreparedStep = prepareStep('ok', 'behave');
  let checksRequests = true;
  let isClosed = false;
  const failures: Error[] = [];

  const requests = createArrivals<OpenRequest>();
  const sent = createSentRecord(requests.all);

  const chooseStep = (request: ReceivedRequest): PreparedStep => {
    const refusal = checksRequests ? refusalOf(request, token) : undefined;
    if (refusal !== undefined) return { delayMs: 0, respond: refusal };
    return (isNotifyCall(request) ? script.shift() : undefined) ?? behaviour;
  };
  const respondTo = async (request: ReceivedRequest, res: ServerResponse): Promise<void> => {
    const { delayMs, respond } = chooseStep(request);
    try {
      if (delayMs > 0) await delay(delayMs, clock, res);
      await respond(request, res);
    } catch (error) {
      // Rethrowing here would end the test's process, so `close` rethrows it.
      failures.push(errorFrom(error));
      if (res.headersSent) res.destroy();
      else respondJson(res, 500, { error: 'the response function failed' });
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
        void respondTo(request, res);
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
    // Only once: closing again succeeds.
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
      checksRequests = typeof next !== 'function';
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

/** How to respond to a request that even a healthy CRM refuses; undefined if it does not refuse it. */
function refusalOf(request: ReceivedRequest, token: string | null): CrmResponder | undefined {
  if (request.method === 'GET' && request.url === crmFormat.healthPath) return undefined;
  if (!isNotifyCall(request)) return refuse(404, 'no such route');
  if (token !== null && request.headers.authorization !== `Bearer ${token}`) return refuse(401, 'wrong token');
  if (!isNotification(request)) return refuse(400, 'the body is not a notification in JSON');
  return undefined;
}

function refuse(status: number, error: string): CrmResponder {
  return (_request, res) => {
    respondJson(res, status, { error });
  };
}

/** Resolves after `delayMs`; never if the connection closes first. */
function delay(delayMs: number, clock: Clock, res: ServerResponse): Promise<void> {
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

/** The host at which this machine reaches the server. */
function urlHostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
