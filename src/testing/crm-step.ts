import { validateHeaderName, validateHeaderValue, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { systemClock } from '../core/clock.js';
import { checkKeys } from './known-keys.js';
import type { ReceivedRequest } from './received-request.js';

/** What the fake CRM does with one request. */
export type CrmStep = 'ok' | CrmFault;

/** What goes wrong with one request: a word for what is common, or exactly what is meant. */
export type CrmFault = CrmFaultName | DelayedAnswer | StatusAnswer | CrmAnswer;

/**
 * - `slow`: takes it, but answers after a second
 * - `reset`: cuts the connection without an answer
 * - `hang`: never answers
 * - `not-json`: takes it and answers 200 with HTML
 * - `wrong-token`: answers 401, whatever the token is
 */
export type CrmFaultName = 'slow' | 'reset' | 'hang' | 'not-json' | 'wrong-token';

/** Takes it, but answers late. */
export interface DelayedAnswer {
  /** How late, in milliseconds of real time. */
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
   * How late it answers, in milliseconds of real time.
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
export const answerOk: CrmAnswer = ({ url }, res) => {
  answerJson(res, 200, { status: url === '/health' ? 'ok' : 'success' });
};

export function answerJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const named: Readonly<Record<Exclude<CrmStep, object>, CrmAnswer>> = {
  ok: answerOk,
  slow: late(1_000, answerOk),
  reset: (_request, res) => res.socket?.resetAndDestroy(),
  hang: () => undefined,
  'not-json': (_request, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>'),
  'wrong-token': (_request, res) => answerJson(res, 401, { error: 'wrong token' }),
};

/** The step as what carries it out. Throws a `TypeError` that names `where` for one that cannot be meant. */
export function answerOf(step: CrmStep, where: string): CrmAnswer {
  if (typeof step === 'function') return step;
  if (typeof step === 'string' && Object.hasOwn(named, step)) return named[step];
  if (typeof step !== 'object' || (step as object | null) === null) {
    const names = Object.keys(named).map((name) => `'${name}'`);
    throw new TypeError(
      `${where}: ${inspect(step)} is not known; it may be ${names.join(', ')}, { delayMs }, { status } or a function`,
    );
  }
  checkKeys(step, ['status', 'body', 'headers', 'retryAfter', 'delayMs'], where);
  return 'status' in step ? statusAnswer(step, where) : delayedAnswer(step, where);
}

function delayedAnswer({ delayMs, ...rest }: DelayedAnswer, where: string): CrmAnswer {
  if (Object.keys(rest).length > 0) throw new TypeError(`${where}: ${Object.keys(rest).join(', ')} needs a status too`);
  return late(checkDelay(delayMs, where), answerOk);
}

function statusAnswer(answer: StatusAnswer, where: string): CrmAnswer {
  const { status, body = '', delayMs = 0 } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`${where}: status must be a whole number from 200 to 599`);
  }
  const text = textOf(body, where);
  const headers = headersOf(answer, where);
  return late(checkDelay(delayMs, where), (_request, res) => {
    for (const [name, value] of headers) res.setHeader(name, value);
    res.writeHead(status).end(text);
  });
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

function checkDelay(delayMs: number, where: string): number {
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs < Infinity) return delayMs;
  throw new TypeError(`${where}: delayMs must be a number of milliseconds from 0 on; what never answers is 'hang'`);
}

/** The answer after a while, unless the connection is gone by then. */
function late(delayMs: number, answer: CrmAnswer): CrmAnswer {
  if (delayMs === 0) return answer;
  return (request, res) => {
    const cancel = systemClock.after(delayMs, () => void answer(request, res));
    res.once('close', cancel);
  };
}
