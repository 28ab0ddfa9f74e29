import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import { CRMConfigError } from '../core/errors.js';
import { signedContent, type SignatureHeaders } from './signed-content.js';
import { readSigningSecrets, type SigningSecret } from './signing-secret.js';

export interface VerifierOptions {
  /** One secret or several, of which one must have signed: `whsec_…` for HMAC-SHA256, `whpk_…` for ed25519. */
  readonly secrets: string | readonly string[];
  /**
   * How far the timestamp may be from now, into the past or the future, in milliseconds. What is signed can be repeated by
   * somebody else for that long.
   * @default 300_000 (5 minutes)
   */
  readonly toleranceMs?: number | undefined;
}

/**
 * Whether a request was signed with one of the secrets.
 *
 * - `unsigned`: it lacks one of the three headers.
 * - `malformed`: a header is not what Standard Webhooks says.
 * - `too-old`, `too-new`: its timestamp is not within the tolerance. A sender signs each attempt anew.
 * - `wrong`: another secret has signed it, or another body.
 */
export type SignatureFinding = 'valid' | 'unsigned' | 'malformed' | 'too-old' | 'too-new' | 'wrong';

/** The headers of a request, as Node has them. */
type Headers = SignatureHeaders | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Verifies the exact bytes of a body. `nowMs` is the time in milliseconds since 1970. */
export type Verifier = (headers: Headers, body: Uint8Array, nowMs: number) => SignatureFinding;

const defaultToleranceMs = 300_000;

/** A sender has a few secrets at most; each signature that is looked at costs time. */
const maxSignatureCount = 20;

/**
 * Creates what verifies signatures of Standard Webhooks 1.0, in a time that does not depend on how much of a signature is
 * right. Throws `CRMConfigError` for a secret or a tolerance that cannot be used.
 */
export function createVerifier({ secrets, toleranceMs = defaultToleranceMs }: VerifierOptions): Verifier {
  const keys = readSigningSecrets(secrets, 'verify');
  if (!Number.isFinite(toleranceMs) || toleranceMs <= 0) {
    throw new CRMConfigError([{ path: 'signing.toleranceMs', message: 'must be a positive number of milliseconds' }]);
  }
  return (headers, body, nowMs) => {
    const id = headers['webhook-id'];
    const timestamp = headers['webhook-timestamp'];
    const list = headers['webhook-signature'];
    if (id === undefined || timestamp === undefined || list === undefined) return 'unsigned';
    if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof list !== 'string') return 'malformed';
    // With a full stop in the id, the same bytes could be signed for another id and timestamp.
    if (!/^[\x21-\x2d\x2f-\x7e]{1,256}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return 'malformed';
    const ageMs = nowMs - Number(timestamp) * 1_000;
    if (ageMs > toleranceMs) return 'too-old';
    if (ageMs < -toleranceMs) return 'too-new';
    const signatures = list.split(' ');
    if (signatures.length > maxSignatureCount) return 'malformed';
    const content = signedContent(id, timestamp, body);
    return keys.some((secret) => hasSigned(content, secret, signatures)) ? 'valid' : 'wrong';
  };
}

/** Whether one of the signatures is this secret's. Those of a version that is not known are left out. */
function hasSigned(content: Buffer, { kind, key }: SigningSecret, signatures: readonly string[]): boolean {
  const prefix = kind === 'shared' ? 'v1,' : 'v1a,';
  const given = signatures
    .filter((signature) => signature.startsWith(prefix))
    .map((signature) => Buffer.from(signature.slice(prefix.length), 'base64'));
  if (given.length === 0) return false;
  if (kind !== 'shared') return given.some((signature) => verify(null, content, key, signature));
  const expected = createHmac('sha256', key).update(content).digest();
  return given.some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
}
