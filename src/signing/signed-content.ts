/** The headers of a signed request (Standard Webhooks 1.0). */
export interface SignatureHeaders {
  /** The same on every attempt. */
  readonly 'webhook-id': string;
  /** When the attempt was made, in seconds since 1970. */
  readonly 'webhook-timestamp': string;
  /** A signature of each secret, with spaces between them: `v1,<base64>` of HMAC-SHA256, `v1a,<base64>` of ed25519. */
  readonly 'webhook-signature': string;
}

/** What is signed: the id, the timestamp and the body's bytes, with full stops between them. */
export function signedContent(id: string, timestamp: string, body: string | Uint8Array): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), bytes]);
}
