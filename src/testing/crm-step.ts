import { validateHeaderName, validateHeaderValue, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { checkKeys } from './checks.js';
import type { ReceivedRequest } from './received-request.js';

/**
 * What the fake CRM does with one request. Delays use its option `clock`.
 *
 * @example
 * crm.script('slow', { status: 429, retryAfter: 5 }, (request, res) => res.writeHead(204).end());
 */
export type CrmStep = 'ok' | CrmFault;

/** What goes wrong with one request: a name for a common fault, or an exact description. */
export type CrmFault = CrmFaultName | DelayedResponse | StatusResponse | CrmResponder;

/**
 * - `slow`: waits a second, then takes the notification
 * - `reset`: cuts the connection without a response
 * - `hang`: never responds
 * - `not-json`: takes the notification and responds 200 with HTML
 * - `wrong-token`: responds 401 to any token
 */
export type CrmFaultName = 'slow' | 'reset' | 'hang' | 'not-json' | 'wrong-token';

/** Waits, then takes the notification, unless the client has disconnected by then. */
export interface DelayedResponse {
  /** How long to wait, in milliseconds. */
  readonly delayMs: number;
}

/** Responds with this status. A status from 200 to 299 takes the notification. */
export interface StatusResponse {
  /** From 200 to 599. */
  readonly status: number;
  /**
   * The body: a string is sent as it is, an object or array as JSON.
   * @default empty
   */
  readonly body?: string | object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The header `Retry-After`: a number of seconds, or an HTTP date as a string. */
  readonly retryAfter?: number | string | undefined;
  /**
   * How long to wait before responding, in milliseconds.
   * @default 0
   */
  readonly delayMs?: number | undefined;
}

/**
 * Writes the response itself, on Node's own `res`; until it does, the request hangs. The return value is ignored. If it
 * throws or returns a promise that rejects, the CRM responds 500 and `close()` rejects with that error.
 */
export type CrmResponder = (request: ReceivedRequest, res: ServerResponse) => unknown;

/** Responds as a healthy CRM does. */
const respondOk: CrmResponder = ({ url }, res) => {
  respondJson(res, 200, { status: url === '/health' ? 'ok' : 'success' });
};

export function respondJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A step that has been checked: first a wait, then the response. */
export interface PreparedStep {
  readonly delayMs: number;
  readonly respond: CrmResponder;
}

const named: Readonly<Record<Extract<CrmStep, string>, PreparedStep>> = {
  ok: { delayMs: 0, respond: respondOk },
  slow: { delayMs: 1_000, respond: respondOk },
  reset: { delayMs: 0, respond: (_request, res) => res.socket?.resetAndDestroy() },
  hang: { delayMs: 0, respond: () => undefined },
  'not-json': {
    delayMs: 0,
    respond: (_request, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>'),
  },
  'wrong-token': { delayMs: 0, respond: (_request, res) => respondJson(res, 401, { error: 'wrong token' }) },
};

/** Checks a step. Throws a `TypeError` that starts with `where` if it is invalid. */
export function prepareStep(step: CrmStep, where: string): PreparedStep {
  if (typeof step === 'function') return { delayMs: 0, respond: step };
  if (typeof step === 'string' && Object.hasOwn(named, step)) return named[step];
  if (typeof step !== 'object' || (step as object | null) === null) {
    const names = Object.keys(named).map((name) => `'${name}'`);
    throw new TypeError(
      `${where}: ${inspect(step)} is not a step; use ${names.join(', ')}, { delayMs }, { status } or a function`,
    );
  }
  checkKeys(step, ['status', 'body', 'headers', 'retryAfter', 'delayMs'], where);
  const { delayMs = 0 } = step;
  if (typeof delayMs !== 'number' || !(delayMs >= 0 && delayMs < Infinity)) {
    throw new TypeError(`${where}: delayMs must be a number of milliseconds from 0 on; to never respond, use 'hang'`);
  }
  return { delayMs, respond: isDelayOnly(step) ? respondOk : respondWith(step, where) };
}

function isDelayOnly(step: DelayedResponse | StatusResponse): step is DelayedResponse {
  return Object.keys(step).join() === 'delayMs';
}

function respondWith(step: StatusResponse, where: string): CrmResponder {
  const { status, body = '' } = step;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`${where}: status must be a whole number from 200 to 599`);
  }
  const text = textOf(body, where);
  const headers = headersOf(step, where);
  return (_request, res) => {
    for (const [name, value] of headers) res.setHeader(name, value);
    res.writeHead(status).end(text);
  };
}

/** Serialises the body now, so that later changes to the object do not change the response. */
function textOf(body: unknown, where: string): string {
  if (typeof body === 'string') return body;
  try {
    if (typeof body === 'object' && body !== null) return JSON.stringify(body);
  } catch {
    // For example an object that contains itself.
  }
  throw new TypeError(`${where}: body must be a string, or an object or array that JSON can express`);
}

function headersOf(
  { body, headers = {}, retryAfter }: StatusResponse,
  where: string,
): readonly (readonly [string, string])[] {
  if (typeof retryAfter === 'number' && !(retryAfter >= 0 && retryAfter < Infinity)) {
    throw new TypeError(`${where}: retryAfter must be a number of seconds from 0 on, or a date as a string`);
  }
  const all: (readonly [string, string])[] = [
    ...(typeof body === 'object' ? [['content-type', 'application/json'] as const] : []),
    ...Object.entries(headers),
    ...(retryAfter === undefined ? [] : [['retry-after', String(retryAfter)] as const]),
  ];
  for (const [name, value] of all) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      throw new TypeError(`${where}: the header ${inspect(name)} cannot be sent: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return all;
}
