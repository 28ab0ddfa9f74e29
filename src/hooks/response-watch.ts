import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { types } from 'node:util';
import { declaredLength, holdEnd, isCompleteWithHead, isEndOfStream, lengthOfWrite } from './held-end.js';
import {
  callListeners,
  reportFailure,
  watchKey,
  type Method,
  type OnResponded,
  type Watch,
  type WatchedResponse,
  type Watcher,
} from './watched-response.js';

/**
 * Watches a response until its handler ends it. The call of `end()` counts, not the event `finish`: if the client has left
 * by then, `finish` never comes, though the booking was made.
 *
 * A response is patched once for all hooks on its route; a hook (`watcher`) that runs twice counts once. Bodies are kept by
 * reference: nothing is copied or buffered. `onResponded` is called in the async context of this call, because `end()` may
 * be called in another: the socket's once the client has left, or that of a pool that requests share.
 *
 * Throws if the response cannot be patched. After that no failure in here reaches the handler: the response goes out, and
 * the watcher is notified. What Express or node throws still reaches the handler.
 *
 * This runs for every request of a route with a hook, so all responses share the methods, and one object has the state of
 * each response.
 */
export function watchResponse(response: ServerResponse, watcher: Watcher, onResponded: OnResponded): void {
  const res = response as unknown as WatchedResponse;
  const listener = { watcher, onResponded, context: new AsyncResource('CrmHook') };
  const known = (res as { readonly [watchKey]?: Watch })[watchKey];
  if (known !== undefined) {
    known.listeners = [...known.listeners.filter((other) => other.watcher !== watcher), listener];
    return;
  }
  const { json, send, end, write, writeHead, flushHeaders } = res;
  res[watchKey] = {
    body: undefined,
    isInside: false,
    hasSent: false,
    hasResponded: false,
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
  // Compression mounted after this hook calls this `end` only when it is done: never, if the client has left by then.
  response.on('close', onClose);
}

function watchedJson(this: WatchedResponse, ...args: unknown[]): unknown {
  return callAndKeepBody(this, this[watchKey].json, args);
}

function watchedSend(this: WatchedResponse, ...args: unknown[]): unknown {
  return callAndKeepBody(this, this[watchKey].send, args);
}

function watchedEnd(this: WatchedResponse, ...args: unknown[]): unknown {
  const { end, heldWrites, stored: heldFor } = this[watchKey];
  const stored = heldWrites === undefined ? callListeners(this) : heldFor;
  // With an invalid body `end` throws, and the handler must see that.
  if (stored === undefined || !isBody(args[0])) return end.apply(this, args);
  try {
    holdEnd(this as unknown as ServerResponse, stored, () => {
      end.apply(this, args);
    });
  } catch (error) {
    reportFailure(this, error);
    return end.apply(this, args);
  }
  return this;
}

/**
 * A client that knows the length has the whole response once the last byte is written, before `end` is called. So that write
 * is held like an end, and the handler continues as if it were written.
 */
function watchedWrite(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  if (watch.heldWrites !== undefined) {
    watch.heldWrites.push(args);
    return true;
  }
  if (watch.hasResponded) return watch.write.apply(this, args);
  if (isEndOfStream(this, this.statusCode)) {
    this.writeHead(this.statusCode);
    return this.write(...args);
  }
  const length = declaredLength(this);
  watch.writtenBytes += lengthOfWrite(args);
  if (length === undefined || watch.writtenBytes < length) return watch.write.apply(this, args);
  const stored = callListeners(this);
  if (stored === undefined) return watch.write.apply(this, args);
  // As after any write, the head counts as sent.
  if (!this.headersSent) this.writeHead(this.statusCode);
  const release = (): void => {
    releaseWrites(this);
  };
  try {
    stored.then(release, release);
  } catch (error) {
    reportFailure(this, error);
    return watch.write.apply(this, args);
  }
  watch.heldWrites = [args];
  watch.stored = stored;
  return true;
}

/** HTTP/2's `flushHeaders` and first `write` call `writeHead` as well. */
function watchedHttp2Head(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  const isHeld = watch.heldHead !== undefined && watch.heldWrites !== undefined;
  if (isHeld) return this;
  if (watch.hasResponded || !isEndOfStream(this, args[0])) return watch.writeHead.apply(this, args);
  this.statusCode = args[0] as number;
  const stored = callListeners(this);
  if (stored === undefined) return watch.writeHead.apply(this, args);
  watch.heldHead = args;
  watch.heldWrites = [];
  watch.stored = stored;
  // As after any head, the handler must find it sent.
  Object.defineProperty(this, 'headersSent', { value: true, configurable: true });
  const release = (): void => {
    Reflect.deleteProperty(this, 'headersSent');
    releaseWrites(this);
  };
  stored.then(release, release);
  return this;
}

function releaseWrites(res: WatchedResponse): void {
  const { write, writeHead, heldHead, heldWrites = [] } = res[watchKey];
  res[watchKey].heldWrites = undefined;
  try {
    if (heldHead !== undefined) writeHead.apply(res, heldHead);
    // Once the client has left, node would emit an error without a listener.
    for (const args of res.destroyed ? [] : heldWrites) write.apply(res, args);
  } catch {
    res.destroy();
  }
}

/** A response without a body is complete with its head, so the head is sent with the end. */
function watchedFlushHeaders(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  if (watch.hasResponded || !isCompleteWithHead(this)) return watch.flushHeaders.apply(this, args);
  if (!this.headersSent) this.writeHead(this.statusCode);
  return undefined;
}

function onClose(this: WatchedResponse): void {
  if (this[watchKey].hasSent) void callListeners(this);
}

/** Calls `json` or `send`, and keeps the body that the outermost call was given. */
function callAndKeepBody(res: WatchedResponse, original: Method | undefined, args: unknown[]): unknown {
  const watch = res[watchKey];
  if (watch.isInside) return original?.apply(res, args);
  watch.isInside = true;
  // Express 4 still takes `send(status, body)` and `send(body, status)`.
  watch.body = args.length > 1 && typeof args[0] === 'number' ? args[1] : args[0];
  try {
    const returned = original?.apply(res, args);
    watch.hasSent = true;
    return returned;
  } finally {
    watch.isInside = false;
  }
}

function isBody(chunk: unknown): boolean {
  if (chunk === undefined || chunk === null) return true;
  return typeof chunk === 'string' || typeof chunk === 'function' || types.isUint8Array(chunk);
}
