import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.js';
import { crmFormat } from '../format/crm-format.js';
import { errorFrom } from './checks.js';
import { prepareStep, respondJson, type CrmResponder, type CrmStep, type PreparedStep } from './crm-step.js';
import { isNotification, readRequest, type OpenRequest, type ReceivedRequest } from './received-request.js';
import { startSwitchableServer } from './switchable-server.js';

/** What the fake CRM does with every request until that is changed; with `'down'` its port refuses connections. */
export type CrmBehaviour = CrmStep | 'down';

/** Several notifications in one request: docs/wire-format.md. */
const batchPath = `${crmFormat.notifyPath}/batch`;

export interface CrmServerOptions {
  readonly port: number;
  readonly host: string;
  /** The token it requires; `null` for any. */
  readonly token: string | null;
  readonly clock: Clock;
  readonly script: readonly CrmStep[];
  /** Responds to a request that is not for a CRM, and returns whether it did. Such a request counts nowhere. */
  readonly serve?: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** A whole request has arrived. */
  readonly onReceived: (request: OpenRequest) => void;
  /** Its response is complete. Not called if there is none. */
  readonly onResponded: (request: ReceivedRequest) => void;
}

/** The server of a fake CRM. It keeps nothing of what it receives. */
export interface CrmServer {
  readonly url: string;
  readonly port: number;
  /** See `FakeCrm`, like the next two. */
  readonly script: (...steps: readonly CrmStep[]) => void;
  readonly behave: (behaviour: CrmBehaviour) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Starts listening. Rejects with a `TypeError` for an invalid step, and with Node's own error if the port is taken. */
export async function startCrmServer(options: CrmServerOptions): Promise<CrmServer> {
  const { host, token, clock, serve, onReceived, onResponded } = options;
  const script = prepareScript(options.script);
  let behaviour: PreparedStep = prepareStep('ok', 'behave');
  let checksRequests = true;
  let isClosed = false;
  const failures: Error[] = [];

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
      if (serve?.(req, res) === true) return;
      const onRead = (request: OpenRequest): void => {
        res.on('finish', () => {
          request.status = res.statusCode;
          onResponded(request);
        });
        onReceived(request);
        void respondTo(request, res);
      };
      readRequest(req, onRead, () => {
        res.setHeader('connection', 'close');
        respondJson(res, 413, { error: 'the body is larger than 16 MiB' });
      });
    },
    host,
    options.port,
  );

  return {
    url: `http://${urlHostOf(host)}:${String(server.port)}`,
    port: server.port,
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
    async close() {
      isClosed = true;
      await server.shut();
      // Only once: closing again succeeds.
      const [failure] = failures.splice(0);
      if (failure !== undefined) throw failure;
    },
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
  return method === 'POST' && (url === crmFormat.notifyPath || url === batchPath);
}

/** The host at which this machine reaches the server. */
function urlHostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
