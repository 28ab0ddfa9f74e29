import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { types } from 'node:util';
import { holdEnd } from './held-end.js';
import { declaredLength, isEndOfStream, isHeadAll, lengthOfWrite } from './last-bytes.js';

/**
 * Called once, when a response is about to be whole for its client, which is at the first `end()`, or where its length is
 * declared at the write that completes it: with its status, and what `res.json` or `res.send` was given. The
 * response's end is held until what it answers resolves; undefined holds nothing.
 */
export type OnResponded = (status: number, body: unknown) => Promise<unknown> | undefined;

interface Listener {
  readonly owner: unknown;
  readonly onResponded: OnResponded;
  /** The context of the route's own request. */
  readonly context: AsyncResource;
}

/** What is known of a response that is watched. */
interface Watch {
  body: unknown;
  /** `res.send(object)` calls `res.json`, which calls `res.send` with the text; only the outermost call counts. */
  isInside: boolean;
  /** The handler has answered through one of them; whoever wraps `end` after us may still hold the end back. */
  hasAnswered: boolean;
  hasEnded: boolean;
  /** Bytes of the body that were written before the end. */
  writtenBytes: number;
  /** How an HTTP/2 response was given the head that ends its stream, while that is held. */
  heldHead: unknown[] | undefined;
  /** What was written from the byte on that completes the body, while it is held. */
  heldWrites: unknown[][] | undefined;
  /** What they wait for. */
  stored: Promise<unknown> | undefined;
  listeners: readonly Listener[];
  readonly json: Method | undefined;
  readonly send: Method | undefined;
  readonly end: Method;
  readonly write: Method;
  readonly writeHead: Method;
  readonly flushHeaders: Method;
}

type Method = (this: WatchedResponse, ...args: unknown[]) => unknown;

const watchKey = Symbol('watch');

/** A response in whose own properties the methods below stand before those of Express. */
interface WatchedResponse extends Omit<ServerResponse, 'end' | 'write' | 'writeHead' | 'flushHeaders'> {
  [watchKey]: Watch;
  json?: Method;
  send?: Method;
  end: Method;
  write: Method;
  writeHead: Method;
  flushHeaders: Method;
}

/**
 * Watches a response until its handler ends it. The call of `end()` is what counts, not the event `finish`: a client that
 * has left by then gets nothing, and `finish` never comes, but the booking was made all the same.
 *
 * A response is patched once, whatever the number of hooks on its route; a hook (`owner`) that runs twice counts once.
 * Bodies are kept by reference: nothing is copied or buffered. `onResponded` is called in the async context of this call,
 * since `end()` may come from any other: from the socket once the client has left, from a pool that requests share.
 * Throws when the response cannot be patched.
 *
 * It runs for every request of a route with a hook, so the methods are shared by all responses, and what belongs to one is
 * in one object.
 */
export function watchResponse(response: ServerResponse, owner: unknown, onResponded: OnResponded): void {
  const res = response as unknown as WatchedResponse;
  const listener = { owner, onResponded, context: new AsyncResource('CrmHook') };
  const known = (res as { readonly [watchKey]?: Watch })[watchKey];
  if (known !== undefined) {
    known.listeners = [...known.listeners.filter((other) => other.owner !== owner), listener];
    return;
  }
  const { json, send, end, write, writeHead, flushHeaders } = res;
  res[watchKey] = {
    body: undefined,
    isInside: false,
    hasAnswered: false,
    hasEnded: false,
    writtenBytes: 0,
    heldHead: undefined,
    heldWrites: undefined,
    stored: undefined,
    listeners: [listener],
    json,
    send,
    end,
    write,
    writeHead,
    flushHeaders,
  };
  if (typeof json === 'function') res.json = watchedJson;
  if (typeof send === 'function') res.send = watchedSend;
  res.end = watchedEnd;
  res.write = watchedWrite;
  res.flushHeaders = watchedFlushHeaders;
  if ('setTrailer' in res) res.writeHead = watchedHttp2Head;
  // Compression that was mounted after us passes `end` on when it is through, so never to a client that has left by then.
  response.on('close', onClose);
}

function watchedJson(this: WatchedResponse, ...args: unknown[]): unknown {
  return note(this, this[watchKey].json, args);
}

function watchedSend(this: WatchedResponse, ...args: unknown[]): unknown {
  return note(this, this[watchKey].send, args);
}

function watchedEnd(this: WatchedResponse, ...args: unknown[]): unknown {
  const { end, heldWrites, stored: heldFor } = this[watchKey];
  const stored = heldWrites === undefined ? respond(this) : heldFor;
  // What `end` throws of a wrong body, it throws into the handler.
  if (stored === undefined || !isBody(args[0])) return end.apply(this, args);
  holdEnd(this as unknown as ServerResponse, stored, () => {
    end.apply(this, args);
  });
  return this;
}

/**
 * A client that was told the length has the whole response with the byte that completes it, whenever `end` is called. That
 * byte is held like an end; the caller goes on as if it were written.
 */
function watchedWrite(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  if (watch.heldWrites !== undefined) {
    watch.heldWrites.push(args);
    return true;
  }
  if (watch.hasEnded) return watch.write.apply(this, args);
  if (isEndOfStream(this, this.statusCode)) {
    this.writeHead(this.statusCode);
    return this.write(...args);
  }
  const length = declaredLength(this);
  watch.writtenBytes += lengthOfWrite(args);
  if (length === undefined || watch.writtenBytes < length) return watch.write.apply(this, args);
  const stored = respond(this);
  if (stored === undefined) return watch.write.apply(this, args);
  watch.heldWrites = [args];
  watch.stored = stored;
  // As after any write: whoever looks finds the head sent.
  if (!this.headersSent) this.writeHead(this.statusCode);
  const letGo = (): void => {
    releaseWrites(this);
  };
  stored.then(letGo, letGo);
  return true;
}

/** HTTP/2's `flushHeaders` comes through here as well, and so does its first write. */
function watchedHttp2Head(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  const isHeld = watch.heldHead !== undefined && watch.heldWrites !== undefined;
  if (isHeld) return this;
  if (watch.hasEnded || !isEndOfStream(this, args[0])) return watch.writeHead.apply(this, args);
  this.statusCode = args[0] as number;
  const stored = respond(this);
  if (stored === undefined) return watch.writeHead.apply(this, args);
  watch.heldHead = args;
  watch.heldWrites = [];
  watch.stored = stored;
  // As after any head: whoever looks finds it sent.
  Object.defineProperty(this, 'headersSent', { value: true, configurable: true });
  const letGo = (): void => {
    Reflect.deleteProperty(this, 'headersSent');
    releaseWrites(this);
  };
  stored.then(letGo, letGo);
  return this;
}

function releaseWrites(res: WatchedResponse): void {
  const { write, writeHead, heldHead, heldWrites = [] } = res[watchKey];
  res[watchKey].heldWrites = undefined;
  try {
    if (heldHead !== undefined) writeHead.apply(res, heldHead);
    // To a response whose client has left node would emit an error that nobody listens for.
    for (const args of res.destroyed ? [] : heldWrites) write.apply(res, args);
  } catch {
    res.destroy();
  }
}

/** Of a response without a body the head is all; it goes out with the end. */
function watchedFlushHeaders(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  if (watch.hasEnded || !isHeadAll(this)) return watch.flushHeaders.apply(this, args);
  if (!this.headersSent) this.writeHead(this.statusCode);
  return undefined;
}

function onClose(this: WatchedResponse): void {
  if (this[watchKey].hasAnswered) void respond(this);
}

/** The outermost call of `json` or `send` is noted. */
function note(res: WatchedResponse, original: Method | undefined, args: unknown[]): unknown {
  const watch = res[watchKey];
  if (watch.isInside) return original?.apply(res, args);
  watch.isInside = true;
  // Express 4 still takes `send(status, body)` and `send(body, status)`.
  watch.body = args.length > 1 && typeof args[0] === 'number' ? args[1] : args[0];
  try {
    const answer = original?.apply(res, args);
    watch.hasAnswered = true;
    return answer;
  } finally {
    watch.isInside = false;
  }
}

/** Tells the listeners, once; answers what to hold the end for, if anything. */
function respond(res: WatchedResponse): Promise<unknown> | undefined {
  const watch = res[watchKey];
  if (watch.hasEnded) return undefined;
  watch.hasEnded = true;
  const { statusCode } = res;
  const held = watch.listeners
    .map(({ context, onResponded }) => context.runInAsyncScope(onResponded, undefined, statusCode, watch.body))
    .filter((answer) => answer !== undefined);
  return held.length > 1 ? Promise.all(held) : held[0];
}

function isBody(chunk: unknown): boolean {
  if (chunk === undefined || chunk === null) return true;
  return typeof chunk === 'string' || typeof chunk === 'function' || types.isUint8Array(chunk);
}
