import { personalStrings, scrubText } from '../telemetry/redact.js';
import type { Exchange } from './exchange.js';

export type Reply = Extract<Exchange, { kind: 'reply' }>;

/** Whether the CRM took the notification: RFC 9110 section 15.3. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** The reply's JSON, or undefined when the body is not JSON (RFC 8259) or was not read to its end. */
export function parseReply(reply: Reply): { readonly json: unknown } | undefined {
  if (reply.cutBy !== undefined) return undefined;
  try {
    return { json: JSON.parse(reply.body.toString('utf8')) };
  } catch {
    return undefined;
  }
}

/**
 * Why the CRM refused, in its own words, fit to be kept and shown: at most 1024 characters, without anything personal from the
 * request (`sentBody`) and without the token (`secrets`).
 */
export function reasonOf(reply: Reply, sentBody: Uint8Array, secrets: readonly string[]): string {
  const personal = personalStrings(Buffer.from(sentBody).toString('utf8'));
  return scrubText(reply.body.toString('utf8'), [...secrets, ...personal]);
}
