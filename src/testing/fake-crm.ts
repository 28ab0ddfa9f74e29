import { systemClock, type Clock } from '../core/clock.js';
import { checkKeys, checkWait, type WaitLimit } from './checks.js';
import { startCrmServer, type CrmBehaviour } from './crm-server.js';
import type { CrmStep } from './crm-step.js';
import { isTaken, type OpenRequest, type ReceivedRequest } from './received-request.js';
import { createArrivals, createSentRecord, type SentNotifications } from './sent-notifications.js';

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
  const { port = 0, host = '127.0.0.1', token = defaultToken, clock = systemClock, script = [] } = options;
  if (token !== null && !/^[\x21-\x7e]+$/.test(token))
    throw new TypeError('token must be visible ASCII, or null for any');
  if (typeof clock.after !== 'function') throw new TypeError('clock must be a clock, such as createOwnedClock() makes');

  const requests = createArrivals<OpenRequest>();
  const sent = createSentRecord(requests.all);
  const server = await startCrmServer({
    port,
    host,
    token,
    clock,
    script,
    onReceived: (request) => requests.add(request),
    onResponded(request) {
      if (isTaken(request)) sent.add(request);
    },
  });

  const close = async (): Promise<void> => {
    try {
      await server.close();
    } finally {
      requests.end();
      sent.end();
    }
  };

  return {
    url: server.url,
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
    script: server.script,
    behave: server.behave,
    close,
    [Symbol.asyncDispose]: close,
  };
}
