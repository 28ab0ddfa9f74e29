import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The token of `Authorization: Bearer <token>`, where the request has one. */
export function bearerToken(req: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
}

/** Tokens are compared and stored as digests: of equal length, and worthless to whoever reads the file. */
export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
