import type { IncomingMessage } from 'node:http';

/** The largest body that is read, in bytes: 1,000 ids of 64 characters. */
const maxBytes = 65_536;

/** The JSON in a request's body, which the app may have read already; undefined if there is none, too much or something else. */
export async function readJsonBody(req: IncomingMessage): Promise<unknown> {
  const { body } = req as { readonly body?: unknown };
  if (body !== undefined) return body;
  if (req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      // Read to its end in any case, so that the response arrives.
      if (bytes <= maxBytes) chunks.push(chunk);
    }
    return bytes <= maxBytes ? (JSON.parse(Buffer.concat(chunks).toString()) as unknown) : undefined;
  } catch {
    return undefined;
  }
}
