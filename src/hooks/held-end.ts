import type { ServerResponse } from 'node:http';

type Method = (this: HeldResponse, ...args: unknown[]) => unknown;

interface Hold {
  isHeld: boolean;
  /** The response's own methods that the deaf ones stand before; whatever is not here, its prototype has. */
  readonly own: Readonly<Record<string, Method>>;
}

const holdKey = Symbol('hold');

type HeldResponse = ServerResponse & { [holdKey]?: Hold } & Record<string, unknown>;

/**
 * Holds a response's end until `stored` resolves: nothing of it goes out before, and what goes out then is what it was
 * when `end` was called. From then on the response is deaf: neither another `end` or `write` changes anything, nor an
 * error handler that takes the response for unanswered and sets another status and other headers. It stays so once the
 * end is out, because such a handler may be slow, and would fail where it was promised an open response.
 *
 * `release` is the original call of `end`, with its arguments.
 */
export function holdEnd(response: ServerResponse, stored: Promise<unknown>, release: () => void): void {
  const res = response as HeldResponse;
  const restoreStatus = rememberStatus(res);
  const hold: Hold = { isHeld: true, own: ownMethods(res) };
  res[holdKey] = hold;
  Object.assign(res, 'setTrailer' in res ? deafMethods : deafMethodsOfHttp1);
  // Express's final handler cuts the connection where it finds a head sent; but the end is still to come.
  const isHeadSent = res.headersSent;
  if (isHeadSent) Object.defineProperty(res, 'headersSent', { value: false, configurable: true });

  const letGo = (): void => {
    hold.isHeld = false;
    if (isHeadSent) Reflect.deleteProperty(res, 'headersSent');
    restoreStatus();
    try {
      release();
    } catch {
      // Nobody is left to be told what would have been thrown into the handler; the client must not wait for ever.
      res.destroy();
    }
  };
  stored.then(letGo, letGo);
}

const hasHead = (res: HeldResponse): boolean => res.headersSent;
const hasEnded = (res: HeldResponse): boolean => res.writableEnded;

const answerItself = (res: HeldResponse): unknown => res;

function refuseWrite(_res: HeldResponse, args: readonly unknown[]): boolean {
  const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
  const callback = callbackOf(args);
  if (callback !== undefined) process.nextTick(callback, error);
  return false;
}

function endAgain(res: HeldResponse, args: readonly unknown[]): unknown {
  const callback = callbackOf(args);
  if (callback !== undefined && res.writableFinished) process.nextTick(callback);
  else if (callback !== undefined) res.once('finish', callback);
  return res;
}

/** A method that does something else while the response is held, and when it would be too late for what it did. */
function deaf(
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

/** Of node's own response; shared by all, since every response of a route with a hook gets them. */
const deafMethodsOfHttp1: Readonly<Record<string, Method>> = {
  setHeader: deaf('setHeader', hasHead, answerItself),
  appendHeader: deaf('appendHeader', hasHead, answerItself),
  removeHeader: deaf('removeHeader', hasHead, answerItself),
  addTrailers: deaf('addTrailers', hasHead, answerItself),
  writeHead: deaf('writeHead', hasHead, answerItself),
  flushHeaders: deaf('flushHeaders', hasHead, answerItself),
  write: deaf('write', hasEnded, refuseWrite),
  end: deaf('end', hasEnded, endAgain),
};

/** HTTP/2's compatibility layer has one more. */
const deafMethods: Readonly<Record<string, Method>> = {
  ...deafMethodsOfHttp1,
  setTrailer: deaf('setTrailer', hasHead, answerItself),
};

const names = Object.keys(deafMethods);

function ownMethods(res: HeldResponse): Readonly<Record<string, Method>> {
  const own: Record<string, Method> = {};
  for (const name of names) if (Object.hasOwn(res, name)) own[name] = res[name] as Method;
  return own;
}

/** The message only where one was set on the response itself: HTTP/2's warns of any other use of it. */
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
