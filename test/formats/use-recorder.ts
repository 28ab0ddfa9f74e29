import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { BuiltRequest, FormatDefinition } from '../../src/format/format-definition.js';
import type { Certificate } from '../helpers/certificates.js';

export interface RecordedRequest {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body's JSON. */
  readonly json: unknown;
}

/** A server on the loopback interface that takes everything. */
export interface Recorder {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  /** From the next request on. @default 200 `{"success":true}` */
  respondWith(status: number, body?: unknown): void;
}

/** Starts recorders for the tests of a file, and closes each after its test. */
export function useRecorder(): (certificate?: Certificate) => Promise<Recorder> {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  return async (certificate) => {
    const requests: RecordedRequest[] = [];
    let [status, responseBody]: [number, unknown] = [200, { success: true }];
    const record = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      const body = await text(req);
      requests.push({ line: `${req.method} ${req.url}`, headers: req.headers, body, json: JSON.parse(body) });
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(responseBody === undefined ? undefined : JSON.stringify(responseBody));
    };
    const listener: RequestListener = (req, res) => void record(req, res);
    const server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closing.push(async () => {
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    });
    const { port } = server.address() as AddressInfo;
    return {
      url: `http${certificate === undefined ? '' : 's'}://127.0.0.1:${port}`,
      port,
      requests,
      respondWith(newStatus, newBody) {
        [status, responseBody] = [newStatus, newBody];
      },
    };
  };
}

/** Posts what a format built to a recorder, as a target does. */
export async function post(
  recorder: Recorder,
  format: FormatDefinition,
  built: BuiltRequest,
  token = '',
): Promise<void> {
  const { auth, contentType = 'application/json', path } = format;
  const authorization =
    auth?.kind === 'basic'
      ? `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`
      : `Bearer ${token}`;
  await fetch(`${recorder.url}${built.path ?? path}`, {
    method: 'POST',
    headers: { 'content-type': contentType, authorization, ...built.headers },
    body: built.body,
  });
}
