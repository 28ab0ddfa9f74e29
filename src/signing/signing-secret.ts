import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { CRMConfigError, type Issue } from '../core/errors.js';

/**
 * A secret of Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks), as a key.
 *
 * - `shared`: `whsec_…`, 24 to 64 random bytes for HMAC-SHA256, which both sides have.
 * - `private`: `whsk_…`, an ed25519 key that only the sender has: 32 bytes, or 64 with the public key after them.
 * - `public`: `whpk_…`, 32 bytes, which the receiver has of it.
 */
export interface SigningSecret {
  readonly kind: SecretKind;
  readonly key: KeyObject;
}

type SecretKind = 'shared' | 'private' | 'public';

/** Who has the secrets: a sender signs with a private key, a receiver verifies with the public one. */
export type SecretUse = 'sign' | 'verify';

const maxSecretCount = 10;

/**
 * What is wrong with the secrets and how to mend it, without repeating any of them; empty if each can be used. `path` is the
 * option that has them.
 */
export function checkSigningSecrets(secrets: unknown, use: SecretUse, path = 'signing.secrets'): readonly Issue[] {
  return readAll(secrets, use, path).flatMap((found) => ('message' in found ? [found] : []));
}

/** The keys of one secret or several. Throws `CRMConfigError` with every problem at once. */
export function readSigningSecrets(secrets: unknown, use: SecretUse): readonly SigningSecret[] {
  const found = readAll(secrets, use, 'signing.secrets');
  const issues = found.filter((each): each is Issue => 'message' in each);
  if (issues.length > 0) throw new CRMConfigError(issues);
  return found.filter((each): each is SigningSecret => 'key' in each);
}

function readAll(secrets: unknown, use: SecretUse, path: string): readonly (SigningSecret | Issue)[] {
  if (typeof secrets === 'string') return [readOne(secrets, use, path)];
  if (!Array.isArray(secrets) || secrets.length < 1 || secrets.length > maxSecretCount) {
    return [{ path, message: `must be a secret, or a list of 1 to ${String(maxSecretCount)} secrets` }];
  }
  return secrets.map((secret: unknown, index) => readOne(secret, use, `${path}[${String(index)}]`));
}

function readOne(secret: unknown, use: SecretUse, path: string): SigningSecret | Issue {
  const read = readSecret(secret, use);
  return typeof read === 'string' ? { path, message: read } : read;
}

const needed = {
  sign: 'whsec_ (a shared secret) or whsk_ (a private key)',
  verify: 'whsec_ (a shared secret) or whpk_ (a public key)',
} as const;

/** The secret as a key, or what is wrong with it. */
function readSecret(secret: unknown, use: SecretUse): SigningSecret | string {
  if (typeof secret !== 'string') return `must be a string that begins with ${needed[use]}`;
  if (secret === '') return `must not be empty; it begins with ${needed[use]}`;
  if (/\s/.test(secret)) return 'has a space or a line break in it; remove it';
  if (/^v1a?,/.test(secret))
    return 'begins with v1, as a signature does; leave that out, so that it begins with whsec_';
  const [, prefix, text = ''] = /^(whsec|whsk|whpk)_(.*)$/.exec(secret) ?? [];
  if (prefix === undefined) return `must begin with ${needed[use]}`;
  if (prefix === 'whpk' && use === 'sign') return 'is the public key; the sender needs the private one, whsk_…';
  if (prefix === 'whsk' && use === 'verify') {
    return 'is the private key, which only the sender should have; the receiver needs the public one, whpk_…';
  }
  if (/[-_]/.test(text)) return 'is base64 for URLs, with - or _ in it; write it with + and /';
  const bytes = bytesOf(text);
  if (bytes === undefined) return `is not base64 after ${prefix}_`;
  if (prefix === 'whsec') return sharedSecret(bytes);
  return prefix === 'whsk' ? privateKey(bytes) : publicKey(bytes);
}

/** `Buffer.from` leaves out what is not base64, so compare. The padding may be missing, as some programs trim it. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const unpadded = (base64: string): string => base64.replace(/={0,2}$/, '');
  return unpadded(bytes.toString('base64')) === unpadded(text) ? bytes : undefined;
}

function sharedSecret(bytes: Buffer): SigningSecret | string {
  return bytes.length >= 24 && bytes.length <= 64
    ? { kind: 'shared', key: createSecretKey(bytes) }
    : `must have 24 to 64 bytes, and has ${String(bytes.length)}; ` +
        "make one with 'whsec_' + crypto.randomBytes(32).toString('base64')";
}

/** What comes before the 32 bytes of an ed25519 key in DER (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

function privateKey(bytes: Buffer): SigningSecret | string {
  if (bytes.length !== 32 && bytes.length !== 64) {
    return `must have 32 or 64 bytes, and has ${String(bytes.length)}`;
  }
  const der = Buffer.concat([pkcs8Prefix, bytes.subarray(0, 32)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const isPair =
    bytes.length === 32 ||
    createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).equals(bytes.subarray(32));
  return isPair ? { kind: 'private', key } : 'is a private key with a public one that is not its own';
}

function publicKey(bytes: Buffer): SigningSecret | string {
  if (bytes.length !== 32) return `must have 32 bytes, and has ${String(bytes.length)}`;
  const der = Buffer.concat([spkiPrefix, bytes]);
  return { kind: 'public', key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}
