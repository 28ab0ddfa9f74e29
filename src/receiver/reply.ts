import type { ServerResponse } from 'node:http';
import type { Issue } from '../core/errors.js';

/** A complete response; its body is sent as JSON. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: object;
}

/** Why a request or a notification was not taken. Its texts repeat nothing of the request. */
export interface Refusal {
  readonly kind: 'refused';
  readonly status: number;
  /** Stable; docs/receiver.md lists them. */
  readonly code: string;
  readonly error: string;
  readonly issues?: readonly Issue[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The notification is taken: now, or earlier. */
export interface Taken {
  readonly kind: 'taken';
  readonly isDuplicate: boolean;
}

type RefusalDetails = Pick<Refusal, 'issues' | 'headers'>;

export function refuse(status: number, code: string, error: string, details: RefusalDetails = {}): Refusal {
  return { kind: 'refused', status, code, error, ...details };
}

export function refusalReply({ status, code, error, issues, headers }: Refusal): Reply {
  return { status, headers, body: { error, code, issues } };
}

/** Does nothing if the client has disconnected. */
export function respond(res: ServerResponse, { status, headers, body }: Reply): void {
  if (res.headersSent || res.destroyed) return;
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  });
  res.end(text);
}
