import type { ServerResponse } from 'node:http';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Those of node's own response and of HTTP/2's compatibility layer; each lacks some. */
const headMethods = [
  'setHeader',
  'appendHeader',
  'removeHeader',
  'addTrailers',
  'setTrailer',
  'writeHead',
  'flushHeaders',
];

/**
 * Holds a response's end until `stored` resolves: nothing of it goes out before, and what goes out then is what it was
 * when `end` was called. From then on the response is deaf: neither another `end` or `write` changes anything, nor an
 * error handler that takes the response for unanswered and sets another status and other headers. It stays so once the
 * end is out, because such a handler may be slow, and would fail where it was promised an open response.
 *
 * `release` is the original call of `end`, with its arguments.
 */
export function holdEnd(res: ServerResponse, stored: Promise<unknown>, release: () => void): void {
  const target = res as unknown as Record<string, unknown>;
  const restoreStatus = rememberStatus(res);
  let isHeld = true;

  const deafen = (name: string, isTooLate: () => boolean, instead: (args: readonly unknown[]) => unknown): void => {
    const original = target[name] as Method | undefined;
    if (original === undefined) return;
    target[name] = function (this: unknown, ...args: unknown[]) {
      return isHeld || isTooLate() ? instead(args) : original.apply(this, args);
    };
  };
  for (const name of headMethods) {
    deafen(
      name,
      () => res.headersSent,
      () => res,
    );
  }
  deafen(
    'write',
    () => res.writableEnded,
    (args) => {
      const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
      const callback = callbackOf(args);
      if (callback !== undefined) process.nextTick(callback, error);
      return false;
    },
  );
  deafen(
    'end',
    () => res.writableEnded,
    (args) => {
      const callback = callbackOf(args);
      if (callback !== undefined && res.writableFinished) process.nextTick(callback);
      else if (callback !== undefined) res.once('finish', callback);
      return res;
    },
  );
  // Express's final handler cuts the connection where it finds a head sent; but the end is still to come.
  if (res.headersSent) Object.defineProperty(res, 'headersSent', { value: false, configurable: true });

  const letGo = (): void => {
    isHeld = false;
    Reflect.deleteProperty(res, 'headersSent');
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

/** The message only where one was set on the response itself: HTTP/2's warns of any other use of it. */
function rememberStatus(res: ServerResponse): () => void {
  const { statusCode } = res;
  const message = Object.getOwnPropertyDescriptor(res, 'statusMessage');
  return () => {
    res.statusCode = statusCode;
    if (message === undefined) Reflect.deleteProperty(res, 'statusMessage');
    else Object.defineProperty(res, 'statusMessage', message);
  };
}

function callbackOf(args: readonly unknown[]): (() => void) | undefined {
  return args.find((argument): argument is () => void => typeof argument === 'function');
}
