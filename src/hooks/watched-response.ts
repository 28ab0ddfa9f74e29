import type { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';

/**
 * Called once, when the client is about to have the whole response: at the first `end()`, or at the write that completes a
 * declared length. Gets the status and what `res.json` or `res.send` was given. The end of the response is held until the
 * returned promise settles; undefined holds nothing.
 */
export type OnResponded = (status: number, body: unknown) => Promise<unknown> | undefined;

/** A hook that watches responses. It counts once for each response, and is notified of failures in here. */
export interface Watcher {
  /** Must not throw. */
  failure(error: unknown, response: ServerResponse): void;
}

interface Listener {
  readonly watcher: Watcher;
  readonly onResponded: OnResponded;
  /** The async context of the route's own request. */
  readonly context: AsyncResource;
}

/** The state of a watched response. */
export interface Watch {
  body: unknown;
  /** `res.send(object)` calls `res.json`, which calls `res.send` with the text; only the outermost call counts. */
  isInside: boolean;
  /** `json` or `send` has returned. Middleware that wrapped `end` after this hook may still delay the end. */
  hasSent: boolean;
  /** The listeners have been called. */
  hasResponded: boolean;
  /** Bytes of the body written before the end. */
  writtenBytes: number;
  /** The arguments of the `writeHead` that ends an HTTP/2 stream, while it is held. */
  heldHead: unknown[] | undefined;
  /** The write that completes the body and those after it, while they are held. */
  heldWrites: unknown[][] | undefined;
  /** The promise that they wait for. */
  stored: Promise<unknown> | undefined;
  listeners: readonly Listener[];
  readonly json: Method | undefined;
  readonly send: Method | undefined;
  readonly end: Method;
  readonly write: Method;
  readonly writeHead: Method;
  readonly flushHeaders: Method;
}

export type Method = (this: WatchedResponse, ...args: unknown[]) => unknown;

/** Where a response keeps its watch. */
export const watchKey = Symbol('watch');

/** A response with the methods of `response-watch.ts` as its own properties, in front of Express's. */
export interface WatchedResponse extends Omit<ServerResponse, 'end' | 'write' | 'writeHead' | 'flushHeaders'> {
  [watchKey]: Watch;
  json?: Method;
  send?: Method;
  end: Method;
  write: Method;
  writeHead: Method;
  flushHeaders: Method;
}

/** Calls the listeners, once. Returns the promise that the end must wait for, if any. */
export function callListeners(res: WatchedResponse): Promise<unknown> | undefined {
  const watch = res[watchKey];
  if (watch.hasResponded) return undefined;
  watch.hasResponded = true;
  let stored: Promise<unknown> | undefined;
  for (const { watcher, context, onResponded } of watch.listeners) {
    try {
      const own = context.runInAsyncScope(onResponded, undefined, res.statusCode, watch.body);
      if (own !== undefined) stored = stored === undefined ? own : Promise.all([stored, own]);
    } catch (error) {
      watcher.failure(error, res as unknown as ServerResponse);
    }
  }
  return stored;
}

/** Notifies the first watcher of a failure in here. */
export function reportFailure(res: WatchedResponse, error: unknown): void {
  res[watchKey].listeners[0]?.watcher.failure(error, res as unknown as ServerResponse);
}
