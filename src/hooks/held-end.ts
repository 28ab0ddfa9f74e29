import type { ServerResponse } from 'node:http';
import { types } from 'node:util';
import { nextTick } from 'node:process';

type Method = (this: HeldResponse, ...args: unknown[]) => unknown;

interface Hold {
  isHeld: boolean;
  /** The response's own methods that `blockedMethods` replaced; the others come from its prototype. */
  readonly own: Readonly<Record<string, Method>>;
}

const holdKey = Symbol('hold');

type HeldResponse = ServerResponse & { [holdKey]?: Hold } & Record<string, unknown>;

/**
 * Holds a response's end until `stored` settles. Nothing of the end is sent before, and it is sent as it was when `end` was
 * called. Meanwhile the response is blocked: another `end` or `write` changes nothing, nor does an error handler that takes
 * the response for open and sets another status and other headers. It stays blocked after the end was sent, because such a
 * handler may be slow, and would fail on a response that looked open to it.
 *
 * `release` is the original call of `end`, with its arguments. Throws when the response cannot be held; it is open then.
 */
export function holdEnd(response: ServerResponse, stored: Promise<unknown>, release: () => void): void {
  const res = response as HeldResponse;
  const restoreStatus = rememberStatus(res);
  const hold: Hold = { isHeld: true, own: ownMethods(res) };
  // Express's final handler closes the connection if the head was sent, but the end is still to come.
  const isHeadSent = res.headersSent;
  const end = (): void => {
    hold.isHeld = false;
    try {
      if (isHeadSent) Reflect.deleteProperty(res, 'headersSent');
      restoreStatus();
      release();
    } catch {
      // The handler has returned, so it cannot catch what `end` throws; the client must not wait for ever.
      res.destroy();
    }
  };
  try {
    res[holdKey] = hold;
    Object.assign(res, 'setTrailer' in res ? blockedMethods : blockedMethodsOfHttp1);
    if (isHeadSent) Object.defineProperty(res, 'headersSent', { value: false, configurable: true });
    stored.then(end, end);
  } catch (error) {
    hold.isHeld = false;
    if (isHeadSent) Reflect.deleteProperty(res, 'headersSent');
    throw error;
  }
}

const hasHead = (res: HeldResponse): boolean => res.headersSent;
const hasEnded = (res: HeldResponse): boolean => res.writableEnded;

const returnItself = (res: HeldResponse): unknown => res;

function refuseWrite(_res: HeldResponse, args: readonly unknown[]): boolean {
  const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
  const callback = callbackOf(args);
  if (callback !== undefined) nextTick(callback, error);
  return false;
}

function endAgain(res: HeldResponse, args: readonly unknown[]): unknown {
  const callback = callbackOf(args);
  if (callback !== undefined && res.writableFinished) nextTick(callback);
  else if (callback !== undefined) res.once('finish', callback);
  return res;
}

/** Makes a method that calls `instead` while the response is held, and when it is too late for the original. */
function blocked(
  name: string,
  isTooLate: (res: HeldResponse) => boolean,
  instead: (res: HeldResponse, args: readonly unknown[]) => unknown,
): Method {
  return function (...args) {
    const hold = this[holdKey];
    if (hold?.isHeld === true || isTooLate(this)) return instead(this, args);
    const original = hold?.own[name] ?? (Object.getPrototypeOf(this) as Record<string, Method>)[name];
    return original?.apply(this, args);
  };
}

/** For node's own response. Shared, since every response of a route with a hook gets them. */
const blockedMethodsOfHttp1: Readonly<Record<string, Method>> = {
  setHeader: blocked('setHeader', hasHead, returnItself),
  appendHeader: blocked('appendHeader', hasHead, returnItself),
  removeHeader: blocked('removeHeader', hasHead, returnItself),
  addTrailers: blocked('addTrailers', hasHead, returnItself),
  writeHead: blocked('writeHead', hasHead, returnItself),
  flushHeaders: blocked('flushHeaders', hasHead, returnItself),
  write: blocked('write', hasEnded, refuseWrite),
  end: blocked('end', hasEnded, endAgain),
};

/** HTTP/2's compatibility layer has one method more. */
const blockedMethods: Readonly<Record<string, Method>> = {
  ...blockedMethodsOfHttp1,
  setTrailer: blocked('setTrailer', hasHead, returnItself),
};

const blockedNames = Object.keys(blockedMethods);

function ownMethods(res: HeldResponse): Readonly<Record<string, Method>> {
  const own: Record<string, Method> = {};
  for (const name of blockedNames) if (Object.hasOwn(res, name)) own[name] = res[name] as Method;
  return own;
}

/** Keeps the status message only if it was set on the response itself: HTTP/2 warns when it is used otherwise. */
function rememberStatus(res: ServerResponse): () => void {
  const { statusCode } = res;
  const message = Object.getOwnPropertyDescriptor(res, 'statusMessage');
  return () => {
    res.statusCode = statusCode;
    if (message !== undefined) Object.defineProperty(res, 'statusMessage', message);
    else if (Object.hasOwn(res, 'statusMessage')) Reflect.deleteProperty(res, 'statusMessage');
  };
}

function callbackOf(args: readonly unknown[]): (() => void) | undefined {
  return args.find((argument): argument is () => void => typeof argument === 'function');
}

/** The length that a response declares for its body; undefined when it declares none. */
export function declaredLength(res: Pick<ServerResponse, 'getHeader'>): number | undefined {
  const declared = contentLengthOf(res);
  if (typeof declared !== 'string' && typeof declared !== 'number') return undefined;
  const length = Number(declared);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

function contentLengthOf(res: Pick<ServerResponse, 'getHeader'>): unknown {
  try {
    // `getHeader` does not know the headers that `writeHead` was given, but node keeps this one.
    const { _contentLength: given } = res as { readonly _contentLength?: unknown };
    return onlyOne(res.getHeader('content-length')) ?? onlyOne(given);
  } catch {
    // Other middleware may have replaced `getHeader`; its failure must not leave `write`.
    return undefined;
  }
}

/** A header may be a list, as in `headersDistinct`; node sends each of its values. */
function onlyOne(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [first, ...others] = value as unknown[];
  return others.every((other) => String(other) === String(first)) ? first : undefined;
}

/** The number of bytes that a call of `write` adds to the body. */
export function lengthOfWrite([chunk, encoding]: readonly unknown[]): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return types.isUint8Array(chunk) ? chunk.byteLength : 0;
}

/** Whether node ends an HTTP/2 stream with the head of this response, because it has no body. */
export function isEndOfStream(res: Pick<ServerResponse, 'req'>, statusCode: unknown): boolean {
  if (!('setTrailer' in res)) return false;
  return statusCode === 204 || statusCode === 205 || statusCode === 304 || res.req.method === 'HEAD';
}

/**
 * Whether an HTTP/1 response is complete with its head, because it has no body (RFC 9112 section 6.3). For HTTP/2 see
 * `isEndOfStream`.
 */
export function isCompleteWithHead(
  res: Pick<ServerResponse, 'getHeader' | 'statusCode'> & { readonly req?: { readonly method?: string | undefined } },
): boolean {
  if ('setTrailer' in res) return false;
  const { statusCode, req } = res;
  return statusCode === 204 || statusCode === 304 || req?.method === 'HEAD' || declaredLength(res) === 0;
}
