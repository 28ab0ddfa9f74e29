import type { createSecureContext as CreateSecureContext } from 'node:tls';

/** Certificates of a connection, in PEM. Certificates are always verified; nothing here turns that off. */
export interface TlsOptions {
  /** The certificate authorities to trust instead of Node's. */
  readonly ca?: string | readonly string[] | undefined;
  /** The client's certificate. */
  readonly cert?: string | undefined;
  /** Its key, not encrypted. */
  readonly key?: string | undefined;
}

/** What is wrong with the certificates, without repeating any; undefined if they can be used. */
export function checkTls(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'must be an object with ca, cert and key, as PEM';
  const { ca, cert, key, ...others } = value as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has only ca, cert and key, not ${unknown.slice(0, 64)}`;
  const isPem = (text: unknown): boolean => typeof text === 'string' && text.includes('-----BEGIN ');
  const areRight = [...(Array.isArray(ca) ? (ca as unknown[]) : [ca]), cert, key].every(
    (text) => text === undefined || isPem(text),
  );
  if (!areRight) return 'must have ca, cert and key as PEM: the text of the file, which has -----BEGIN in it';
  if ((cert === undefined) !== (key === undefined)) return 'must have both cert and key, or none';
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- Loaded only where it is used.
    const { createSecureContext } = require('node:tls') as { createSecureContext: typeof CreateSecureContext };
    createSecureContext(value);
    return undefined;
  } catch {
    return 'cannot be read: check that the key belongs to the certificate and is not encrypted';
  }
}

/** What is wrong with a proxy's URL, without repeating it; undefined if it can be used. */
export function checkProxy(value: unknown): string | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol)
    ? undefined
    : 'must be the URL of a proxy, such as http://user:password@proxy.internal:3128';
}
