import { createHmac, sign } from 'node:crypto';
import { CRMValidationError } from '../core/errors.js';
import { signedContent, type SignatureHeaders } from './signed-content.js';
import { readSigningSecrets, type SigningSecret } from './signing-secret.js';

/**
 * Signs one attempt. `id` has 1 to 64 characters of `a-z`, `A-Z`, `0-9`, `_` and `-`: a full stop in it could be taken for
 * the end of the id, a line break for the end of the header. `nowMs` is when the attempt is made, in milliseconds since 1970,
 * and `body` what is posted, a string as UTF-8. Throws `CRMValidationError` for any other id or time.
 */
export type Signer = (id: string, nowMs: number, body: string | Uint8Array) => SignatureHeaders;

/**
 * Creates what signs by Standard Webhooks 1.0, with every secret: `whsec_…` for HMAC-SHA256, `whsk_…` for ed25519. To replace
 * a secret, sign with the new and the old one until every receiver knows the new one. Throws `CRMConfigError` for a secret that
 * cannot be used.
 *
 * @example
 * const sign = createSigner(['whsec_new…', 'whsec_old…']);
 * const headers = sign(notification.id, Date.now(), notification.body);
 */
export function createSigner(secrets: string | readonly string[]): Signer {
  const keys = readSigningSecrets(secrets, 'sign');
  return (id, nowMs, body) => {
    if (!isSignableId(id)) throw invalid('id', 'must be 1 to 64 characters of a-z, A-Z, 0-9, _ and -');
    if (!(nowMs >= 0 && nowMs <= Number.MAX_SAFE_INTEGER)) throw invalid('nowMs', 'must be milliseconds since 1970');
    const timestamp = String(Math.floor(nowMs / 1_000));
    const content = signedContent(id, timestamp, body);
    return {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': keys.map((secret) => signatureOf(content, secret)).join(' '),
    };
  };
}

/** Whether a message with this id can be signed. */
export function isSignableId(id: string): boolean {
  return /^[\w-]{1,64}$/.test(id);
}

function signatureOf(content: Buffer, { kind, key }: SigningSecret): string {
  if (kind === 'private') return `v1a,${sign(null, content, key).toString('base64')}`;
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

function invalid(path: string, message: string): CRMValidationError {
  return new CRMValidationError([{ path, message }]);
}
