import { validateHeaderName, validateHeaderValue, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { checkKeys } from './known-keys.js';
import type { ReceivedRequest } from './received-request.js';

/** What the fake CRM does with one request. Delays go by its own option `clock`. */
export type CrmStep = 'ok' | CrmFault;

/** What goes wrong with one request: a word for what is common, or exactly what is meant. */
export type CrmFault = CrmFaultName | DelayedAnswer | StatusAnswer | CrmAnswer;

/**
 * - `slow`: waits a second before it takes it
 * - `reset`: cuts the connection without an answer
 * - `hang`: never answers
 * - `not-json`: takes it and answers 200 with HTML
 * - `wrong-token`: answers 401, whatever the token is
 */
export type CrmFaultName = 'slow' | 'reset' | 'hang' | 'not-json' | 'wrong-token';

/** Waits before it takes it; a client that has left by then was not heard. */
export interface DelayedAnswer {
  /** How long it waits, in milliseconds. */
  readonly delayMs: number;
}

/** Answers as told. A status from 200 to 299 takes the notification. */
export interface StatusAnswer {
  /** From 200 to 599. */
  readonly status: number;
  /**
   * A text as it is, an object or array as JSON.
   * @default nothing
   */
  readonly body?: string | object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The header `Retry-After`: seconds, or an HTTP date as text. */
  readonly retryAfter?: number | string | undefined;
  /**
   * How long it waits before it answers, in milliseconds.
   * @default 0
   */
  readonly delayMs?: number | undefined;
}

/**
 * Answers by itself, with node's own response; as long as it does not, the request hangs. What it returns does not matter,
 * but of a promise that rejects `close()` tells.
 */
export type CrmAnswer = (request: ReceivedRequest, res: ServerResponse) => unknown;

/** As a well CRM answers. */
const answerOk: CrmAnswer = ({ url }, res) => {
  answerJson(res, 200, { status: url === '/health' ? 'ok' : 'success' });
};

export function answerJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A step as it is carried out: first a wait, then the answer. */
export interface PreparedStep {
  readonly delayMs: number;
  readonly answer: CrmAnswer;
}

const named: Readonly<Record<Extract<CrmStep, string>, PreparedStep>> = {
  ok: { delayMs: 0, answer: answerOk },
  slow: { delayMs: 1_000, answer: answerOk },
  reset: { delayMs: 0, answer: (_request, res) => res.socket?.resetAndDestroy() },
  hang: { delayMs: 0, answer: () => undefined },
  'not-json': {
    delayMs: 0,
    answer: (_request, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>'),
  },
  'wrong-token': { delayMs: 0, answer: (_request, res) => answerJson(res, 401, { error: 'wrong token' }) },
};

/** Checks a step and makes it ready. Throws a `TypeError` that names `where` for one that cannot be meant. */
export function prepareStep(step: CrmStep, where: string): PreparedStep {
  if (typeof step === 'function') return { delayMs: 0, answer: step };
  if (typeof step === 'string' && Object.hasOwn(named, step)) return named[step];
  if (typeof step !== 'object' || (step as object | null) === null) {
    const names = Object.keys(named).map((name) => `'${name}'`);
    throw new TypeError(
      `${where}: ${inspect(step)} is not known; it may be ${names.join(', ')}, { delayMs }, { status } or a function`,
    );
  }
  checkKeys(step, ['status', 'body', 'headers', 'retryAfter', 'delayMs'], where);
  const { delayMs = 0 } = step;
  if (typeof delayMs !== 'number' || !(delayMs >= 0 && delayMs < Infinity)) {
    throw new TypeError(`${where}: delayMs must be a number of milliseconds from 0 on; what never answers is 'hang'`);
  }
  return { delayMs, answer: isDelayedAnswer(step) ? answerOk : statusAnswer(step, where) };
}

function isDelayedAnswer(step: DelayedAnswer | StatusAnswer): step is DelayedAnswer {
  return Object.keys(step).join() === 'delayMs';
}

function statusAnswer(answer: StatusAnswer, where: string): CrmAnswer {
  const { status, body = '' } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`${where}: status must be a whole number from 200 to 599`);
  }
  const text = textOf(body, where);
  const headers = headersOf(answer, where);
  return (_request, res) => {
    for (const [name, value] of headers) res.setHeader(name, value);
    res.writeHead(status).end(text);
  };
}

/** As text at once, so that a later change of the object changes no answer. */
function textOf(body: unknown, where: string): string {
  if (typeof body === 'string') return body;
  try {
    if (typeof body === 'object' && body !== null) return JSON.stringify(body);
  } catch {
    // Such as an object that contains itself.
  }
  throw new TypeError(`${where}: body must be a text, or an object or array that JSON can express`);
}

function headersOf(
  { body, headers = {}, retryAfter }: StatusAnswer,
  where: string,
): readonly (readonly [string, string])[] {
  if (typeof retryAfter === 'number' && !(retryAfter >= 0 && retryAfter < Infinity)) {
    throw new TypeError(`${where}: retryAfter must be a number of seconds from 0 on, or a date as text`);
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
