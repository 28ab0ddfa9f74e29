import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { types } from 'node:util';
import { declaredLength, holdEnd, isEndOfStream, isHeadAll, lengthOfWrite } from './held-end.js';
import {
  reportFailure,
  respond,
  watchKey,
  type Method,
  type OnResponded,
  type Watch,
  type WatchedResponse,
  type Watcher,
} from './watched-response.js';

/**
 * Watches a response until its handler ends it. The call of `end()` counts, not the event `finish`: when the client has left
 * by then, `finish` never comes, though the booking was made.
 *
 * A response is patched once for all hooks on its route; a hook (`watcher`) that runs twice counts once. Bodies are kept by
 * reference: nothing is copied or buffered. `onResponded` is called in the async context of this call, because `end()` may
 * come from any other: from the socket once the client has left, or from a pool that requests share.
 *
 * Throws when the response cannot be patched. After that no failure in here reaches the handler: the response goes out, and
 * the watcher is notified. What Express or node throws still goes to the handler.
 *
 * It runs for every request of a route with a hook, so the methods are shared by all responses, and one object holds the
 * state of each.
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
  // Compression mounted after us calls our `end` only when it is done, so never for a client that has left by then.
  response.on('close', onClose);
}

function watchedJson(this: WatchedResponse, ...args: unknown[]): unknown {
  return noteBody(this, this[watchKey].json, args);
}

function watchedSend(this: WatchedResponse, ...args: unknown[]): unknown {
  return noteBody(this, this[watchKey].send, args);
}

function watchedEnd(this: WatchedResponse, ...args: unknown[]): unknown {
  const { end, heldWrites, stored: heldFor } = this[watchKey];
  const stored = heldWrites === undefined ? respond(this) : heldFor;
  // With a wrong body `end` throws, and the handler must see that.
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
 * A client that was sent the length has the whole response with the byte that completes it, before `end` is called. So that
 * write is held like an end, and the handler goes on as if it were written.
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
  const stored = respond(this);
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

/** HTTP/2's `flushHeaders` comes through here as well, and so does its first write. */
function watchedHttp2Head(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  const isHeld = watch.heldHead !== undefined && watch.heldWrites !== undefined;
  if (isHeld) return this;
  if (watch.hasResponded || !isEndOfStream(this, args[0])) return watch.writeHead.apply(this, args);
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
    // Once the client has left, node would emit an error that nobody listens for.
    for (const args of res.destroyed ? [] : heldWrites) write.apply(res, args);
  } catch {
    res.destroy();
  }
}

/** The head of a response without a body is all of it, so it goes out with the end. */
function watchedFlushHeaders(this: WatchedResponse, ...args: unknown[]): unknown {
  const watch = this[watchKey];
  if (watch.hasResponded || !isHeadAll(this)) return watch.flushHeaders.apply(this, args);
  if (!this.headersSent) this.writeHead(this.statusCode);
  return undefined;
}

function onClose(this: WatchedResponse): void {
  if (this[watchKey].hasSent) void respond(this);
}

/** Calls `json` or `send`, and keeps the body that the outermost call was given. */
function noteBody(res: WatchedResponse, original: Method | undefined, args: unknown[]): unknown {
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
