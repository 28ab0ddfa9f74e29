import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { RequestHandler } from 'express';
import { afterResponse } from '../../src/index.js';
import { createDeferred } from './deferred.js';
import { exchangeBytes, requestText, type Served } from './served.js';

/** A hook whose response is held until a test lets it go: its mapper answers no sooner. */
export interface Hold {
  readonly hook: RequestHandler;
  /** The handler has called `end`. */
  readonly begun: Promise<void>;
  letGo(): void;
}

/** Any status counts, so that every kind of response can be held. */
export function createHold(): Hold {
  const begun = createDeferred();
  const released = createDeferred();
  const mapper = async (): Promise<{ userId: number; message: string }> => {
    begun.resolve();
    await released.promise;
    return { userId: 1, message: 'Seen' };
  };
  return {
    // A hook asks for node's own request; here it stands in a list of Express's handlers.
    hook: afterResponse('seen', mapper, { status: () => true }) as RequestHandler,
    begun: begun.promise,
    letGo: released.resolve,
  };
}

/** A client that shows what it has received so far. */
export interface WatchingClient {
  readonly socket: Socket;
  readonly text: string;
  readonly closed: Promise<unknown>;
  /** Resolves once it has received this. */
  receive(part: string): Promise<void>;
}

export function openClient({ port }: Served, request: string): WatchingClient {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  const received = async (part: string): Promise<void> => {
    while (!text.includes(part)) await once(socket, 'data');
  };
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(request);
  return {
    socket,
    get text() {
      return text;
    },
    closed: once(socket, 'close'),
    receive: received,
  };
}

/** Another request and its answer: what was sent before has arrived by then. */
export async function roundTrip(served: Served): Promise<void> {
  await exchangeBytes(served, requestText('GET', '/round-trip'));
}

/** Exchanges bytes with a held route: what came while it was held, and all that came. */
export async function exchangeHeld(
  served: Served,
  request: string,
  hold: Hold,
): Promise<{ readonly early: string; readonly bytes: string }> {
  const client = openClient(served, request);
  await hold.begun;
  await roundTrip(served);
  const early = client.text;
  hold.letGo();
  await client.closed;
  return { early, bytes: client.text };
}

/** Bytes without what differs from one moment to the next. */
export function withoutTimes(bytes: string): string {
  return bytes.replace(/\r\n(Date|X-Response-Time): [^\r]+/g, '');
}

/**
 * A message without the sizes of its chunks, which say nothing of it: from Node 26 on what is written in one turn goes out
 * as one chunk, the end included, which is another one when it is held. One that is not chunked, and what follows the last
 * chunk that has come, stay as they are.
 */
export function withoutChunkSizes(bytes: string): string {
  const headEnd = bytes.indexOf('\r\n\r\n') + 4;
  let joined = bytes.slice(0, headEnd);
  if (!joined.includes('\r\nTransfer-Encoding: chunked\r\n')) return bytes;
  for (let at = headEnd; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16);
    if (!(size > 0)) return joined + bytes.slice(at);
    joined += bytes.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
