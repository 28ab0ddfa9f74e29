import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../core/clock.js';
import { createVerifier, type SignatureFinding, type VerifierOptions } from '../signing/create-verifier.js';
import { refuse, type Refusal } from './reply.js';

/** Checks who sent a request. What is not set up is not checked; what is set up is required. */
export interface Authentication {
  /** Why the token is refused; undefined if it is right. */
  refuseToken(headers: IncomingHttpHeaders): Refusal | undefined;
  /** Why the signature of these bytes is refused; undefined if it is right. */
  refuseSignature(headers: IncomingHttpHeaders, bytes: Uint8Array): Refusal | undefined;
  /** Whether signatures are required, and so the exact bytes of a body. */
  readonly isSigned: boolean;
}

export interface AuthenticationParts {
  /** Of which a request must have one; empty if tokens are not checked. */
  readonly tokens: readonly string[];
  readonly signing: VerifierOptions | undefined;
  readonly clock: Clock;
}

/** Throws `CRMConfigError` for a secret that cannot be used. */
export function createAuthentication({ tokens, signing, clock }: AuthenticationParts): Authentication {
  const digests = tokens.map(digestOf);
  const verify = signing && createVerifier(signing);
  return {
    refuseToken({ authorization = '' }) {
      if (digests.length === 0) return undefined;
      const given = digestOf(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
      // All are compared, so that the time tells nothing.
      const equal = digests.filter((digest) => timingSafeEqual(digest, given));
      return equal.length > 0 ? undefined : wrongToken;
    },
    refuseSignature(headers, bytes) {
      const finding = verify?.(headers, bytes, clock.now()) ?? 'valid';
      return finding === 'valid' ? undefined : signatureRefusals[finding];
    },
    isSigned: verify !== undefined,
  };
}

/** Digests have one length, whatever the token's. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

const wrongToken = refuse(401, 'wrong-token', 'a valid token is needed, as in Authorization: Bearer <token>', {
  headers: { 'www-authenticate': 'Bearer' },
});

/** All are 401, after which a sender pauses and loses nothing: what is wrong are secrets, clocks or a proxy. */
const signatureRefusals: Readonly<Record<Exclude<SignatureFinding, 'valid'>, Refusal>> = {
  unsigned: refuse(401, 'unsigned', 'the headers webhook-id, webhook-timestamp and webhook-signature are needed'),
  malformed: refuse(401, 'malformed-signature', 'a header of the signature is not what Standard Webhooks says'),
  'too-old': refuse(401, 'signature-too-old', 'it was signed too long ago: sign each attempt, and compare the clocks'),
  'too-new': refuse(401, 'signature-too-new', 'it was signed in the future: compare the clocks'),
  wrong: refuse(
    401,
    'wrong-signature',
    'the signature is not right: compare the secrets, and whether a proxy changes the body',
  ),
};
