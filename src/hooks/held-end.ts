import type { ServerResponse } from 'node:http';

type End = (this: unknown, ...args: unknown[]) => unknown;

interface HoldableResponse {
  writeHead: End;
  write: End;
  end: End;
}

/**
 * Holds a response's end until `stored` resolves: nothing of it goes out before, and what goes out then is what it was
 * when `end` was called. Meanwhile the response behaves as an ended one: another `end` and a `write` change nothing, nor
 * does an error handler that takes the response for unanswered and sets another status and other headers.
 *
 * `release` is the original call of `end`, with its arguments.
 */
export function holdEnd(res: ServerResponse, stored: Promise<unknown>, release: () => void): void {
  const target = res as unknown as HoldableResponse;
  const { writeHead, write, end } = target;
  const restore = res.headersSent ? undefined : rememberHead(res);

  target.writeHead = () => res;
  target.write = function (...args) {
    callBack(args, new Error('write after end'));
    return false;
  };
  target.end = function (...args) {
    const callback = args.find((argument) => typeof argument === 'function');
    if (typeof callback === 'function') res.once('finish', callback as () => void);
    return res;
  };

  const letGo = (): void => {
    target.writeHead = writeHead;
    target.write = write;
    target.end = end;
    restore?.();
    release();
  };
  stored.then(letGo, letGo);
}

/** The status and headers as they are now; the answer puts them back. */
function rememberHead(res: ServerResponse): () => void {
  const { statusCode, statusMessage } = res;
  // As they were written, which `getHeaderNames` does not keep; HTTP/2's response has only lower case, and only the other.
  const { getRawHeaderNames } = res as { getRawHeaderNames?: () => string[] };
  const written = getRawHeaderNames === undefined ? res.getHeaderNames() : getRawHeaderNames.call(res);
  const headers = written.map((name) => [name, res.getHeader(name)] as const);
  return () => {
    if (res.headersSent) return;
    res.statusCode = statusCode;
    res.statusMessage = statusMessage;
    const names = new Set(headers.map(([name]) => name.toLowerCase()));
    for (const name of res.getHeaderNames()) if (!names.has(name)) res.removeHeader(name);
    for (const [name, value] of headers) {
      if (value !== undefined && res.getHeader(name) !== value) res.setHeader(name, value);
    }
  };
}

function callBack(args: readonly unknown[], error: Error): void {
  const callback = args.find((argument) => typeof argument === 'function');
  if (callback !== undefined) process.nextTick(callback, error);
}
