import type { IncomingMessage } from 'node:http';

/**
 * What there is of a request's body.
 *
 * - `bytes`: exactly as it was sent.
 * - `parsed`: a body parser has read it, and left only what it made of it.
 * - `gone`: something else has read it, or is reading it.
 * - `aborted`: the client has disconnected before its end.
 */
export type BodyFinding =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'too-large' | 'encoded' | 'gone' | 'aborted' };

/** What body parsers leave on a request: `rawBody` by convention, `body` as bytes if it is `express.raw`. */
interface ParsedRequest extends IncomingMessage {
  readonly rawBody?: unknown;
  readonly body?: unknown;
}

/** Reads a body of at most so many bytes, or takes what a body parser before has kept of it. Never rejects. */
export function readBody(req: ParsedRequest, maxBytes: number): Promise<BodyFinding> {
  const kept = [req.rawBody, req.body].find((value) => Buffer.isBuffer(value));
  if (kept !== undefined) {
    return Promise.resolve(kept.length > maxBytes ? { kind: 'too-large' } : { kind: 'bytes', bytes: kept });
  }
  if (req.readableDidRead) {
    const isParsed = req.readableEnded && typeof req.body === 'object' && req.body !== null;
    return Promise.resolve(isParsed ? { kind: 'parsed', value: req.body } : { kind: 'gone' });
  }
  if (!['identity', undefined].includes(req.headers['content-encoding'])) return Promise.resolve({ kind: 'encoded' });
  if (Number(req.headers['content-length']) > maxBytes) return Promise.resolve({ kind: 'too-large' });
  return readStream(req, maxBytes);
}

function readStream(req: IncomingMessage, maxBytes: number): Promise<BodyFinding> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    req.on('data', (chunk: Buffer) => {
      byteCount += chunk.length;
      if (byteCount <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      // The rest is read and dropped, so that the client gets to read the response.
      chunks.length = 0;
      resolve({ kind: 'too-large' });
    });
    req.on('end', () => {
      resolve({ kind: 'bytes', bytes: Buffer.concat(chunks) });
    });
    req.on('close', () => {
      resolve({ kind: 'aborted' });
    });
    req.on('error', () => {
      resolve({ kind: 'aborted' });
    });
  });
}
