import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { holdEnd } from './held-end.js';

/**
 * Called once, at the first `end()` of a response: with its status, and what `res.json` or `res.send` was given. The
 * response's end is held until what it answers resolves; undefined holds nothing.
 */
export type OnResponded = (status: number, body: unknown) => Promise<unknown> | undefined;

interface Watch {
  body: unknown;
  /** `res.send(object)` calls `res.json`, which calls `res.send` with the text; only the outermost call counts. */
  isInside: boolean;
  /** The handler has answered through one of them; whoever wraps `end` after us may still hold the end back. */
  hasAnswered: boolean;
  hasEnded: boolean;
  readonly listeners: Map<unknown, OnResponded>;
}

type Send = (this: unknown, ...args: unknown[]) => unknown;

interface PatchableResponse {
  json?: Send;
  send?: Send;
  end: Send;
}

const watches = new WeakMap<object, Watch>();

/**
 * Watches a response until its handler ends it. The call of `end()` is what counts, not the event `finish`: a client that
 * has left by then gets nothing, and `finish` never comes, but the booking was made all the same.
 *
 * A response is patched once, whatever the number of hooks on its route; a hook (`owner`) that runs twice counts once.
 * Bodies are kept by reference: nothing is copied or buffered. `onResponded` is called in the async context of this call,
 * since `end()` may come from any other: from the socket once the client has left, from a pool that requests share.
 * Throws when the response cannot be patched.
 */
export function watchResponse(res: ServerResponse, owner: unknown, onResponded: OnResponded): void {
  const listener = AsyncResource.bind(onResponded);
  const known = watches.get(res);
  if (known !== undefined) {
    known.listeners.set(owner, listener);
    return;
  }
  const watch: Watch = {
    body: undefined,
    isInside: false,
    hasAnswered: false,
    hasEnded: false,
    listeners: new Map([[owner, listener]]),
  };
  patch(res as unknown as PatchableResponse, res, watch);
  watches.set(res, watch);
}

function patch(target: PatchableResponse, res: ServerResponse, watch: Watch): void {
  const { json, send, end } = target;

  /** What to hold the end for, if anything. */
  const respond = (): Promise<unknown> | undefined => {
    if (watch.hasEnded) return undefined;
    watch.hasEnded = true;
    const answers = [...watch.listeners.values()].map((onResponded) => onResponded(res.statusCode, watch.body));
    const held = answers.filter((answer) => answer !== undefined);
    return held.length === 0 ? undefined : Promise.all(held);
  };

  const noting = (original: Send): Send =>
    function (this: unknown, ...args) {
      if (watch.isInside) return original.apply(this, args);
      watch.isInside = true;
      // Express 4 still takes `send(status, body)` and `send(body, status)`.
      watch.body = args.length > 1 && typeof args[0] === 'number' ? args[1] : args[0];
      try {
        const answer = original.apply(this, args);
        watch.hasAnswered = true;
        return answer;
      } finally {
        watch.isInside = false;
      }
    };

  if (typeof json === 'function') target.json = noting(json);
  if (typeof send === 'function') target.send = noting(send);
  target.end = function (this: unknown, ...args) {
    const stored = respond();
    // What `end` throws of a wrong body, it throws into the handler.
    if (stored === undefined || !isBody(args[0])) return end.apply(this, args);
    holdEnd(res, stored, () => {
      end.apply(this, args);
    });
    return this;
  };
  // Compression that was mounted after us passes `end` on when it is through, so never to a client that has left by then.
  res.once('close', () => {
    if (watch.hasAnswered) void respond();
  });
}

function isBody(chunk: unknown): boolean {
  return ['undefined', 'string', 'function'].includes(typeof chunk) || chunk === null || chunk instanceof Uint8Array;
}
