import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { CRMConfigError } from '../../src/core/errors.js';
import { createSigner } from '../../src/signing/create-signer.js';
import { createVerifier } from '../../src/signing/create-verifier.js';
import { checkSigningSecrets } from '../../src/signing/signing-secret.js';

const base64 = (bytes: number) => randomBytes(bytes).toString('base64');
/** 24 bytes whose base64 has all that differs between the two alphabets. */
const oddBytes = Buffer.from('fb'.repeat(24), 'hex');

const secretsThatWork = [
  ['of 24 bytes', `whsec_${base64(24)}`],
  ['of 64 bytes', `whsec_${base64(64)}`],
  ['without the padding', `whsec_${base64(32).replace('=', '')}`],
  ['with + and /', `whsec_${oddBytes.toString('base64')}`],
] as const;

const secretsThatDoNot = [
  ['an empty text', '', /must not be empty/],
  ['nothing', undefined, /must be a secret, or a list/],
  ['an empty list', [], /must be a secret, or a list of 1 to 10 secrets/],
  ['11 secrets', Array.from({ length: 11 }, () => `whsec_${base64(32)}`), /list of 1 to 10 secrets/],
  ['a number', [7], /must be a string that begins with whsec_/],
  ['23 bytes', `whsec_${base64(23)}`, /must have 24 to 64 bytes, and has 23; make one with 'whsec_' \+/],
  ['65 bytes', `whsec_${base64(65)}`, /must have 24 to 64 bytes, and has 65/],
  ['a prefix alone', 'whsec_', /must have 24 to 64 bytes, and has 0/],
  ['what is not base64', `whsec_${'!'.repeat(40)}`, /is not base64 after whsec_/],
  ['base64 for URLs', `whsec_${oddBytes.toString('base64url')}`, /is base64 for URLs.*write it with \+ and \//],
  [
    'the version of a signature before it',
    `v1,whsec_${base64(32)}`,
    /begins with v1, as a signature does; leave that out/,
  ],
  ['a line break after it', `whsec_${base64(32)}\n`, /has a space or a line break in it; remove it/],
  ['no prefix', base64(32), /must begin with whsec_/],
  ['another prefix', `sk_${base64(32)}`, /must begin with whsec_/],
] as const;

describe.each(['sign', 'verify'] as const)('a secret to %s with', (use) => {
  it.each(secretsThatWork)('may be one %s', (_what, secret) => {
    expect(checkSigningSecrets(secret, use)).toEqual([]);
    expect(checkSigningSecrets([secret, secret], use)).toEqual([]);
  });

  it.each(secretsThatDoNot)('case 13: is refused if it is %s, and is not repeated', (_what, secrets, message) => {
    const issues = checkSigningSecrets(secrets, use);
    expect(issues).toEqual([
      { path: expect.stringMatching(/^signing\.secrets/), message: expect.stringMatching(message) },
    ]);
    const text = typeof secrets === 'string' ? secrets.replace(/^(v1,)?(wh|sk)[a-z]*_/, '').trim() : '';
    if (text !== '') expect(JSON.stringify(issues)).not.toContain(text);
  });
});

describe('a key of ed25519', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const whsk = `whsk_${seed.toString('base64')}`;
  const whpk = `whpk_${point.toString('base64')}`;

  it('signs if it is private, alone or with its public half, and verifies if it is public', () => {
    expect(checkSigningSecrets([whsk, `whsk_${Buffer.concat([seed, point]).toString('base64')}`], 'sign')).toEqual([]);
    expect(checkSigningSecrets(whpk, 'verify')).toEqual([]);
  });

  it.each([
    ['the public one, to sign', whpk, 'sign', /the sender needs the private one, whsk_/],
    ['the private one, to verify', whsk, 'verify', /only the sender should have; the receiver needs the public one/],
    ['one of 33 bytes', `whsk_${base64(33)}`, 'sign', /must have 32 or 64 bytes, and has 33/],
    ['a public one of 31 bytes', `whpk_${base64(31)}`, 'verify', /must have 32 bytes, and has 31/],
    [
      'two halves that do not belong together',
      `whsk_${Buffer.concat([seed, randomBytes(32)]).toString('base64')}`,
      'sign',
      /a public one that is not its own/,
    ],
  ] as const)('is refused if it is %s', (_what, secret, use, message) => {
    expect(checkSigningSecrets(secret, use)).toEqual([
      { path: 'signing.secrets', message: expect.stringMatching(message) },
    ]);
  });
});

it('every secret that cannot be used is named, by its place', () => {
  const secrets = [`whsec_${base64(32)}`, '', `whsec_${base64(5)}`];
  const paths = ['signing.secrets[1]', 'signing.secrets[2]'];
  expect(checkSigningSecrets(secrets, 'sign').map(({ path }) => path)).toEqual(paths);
  for (const create of [() => createSigner(secrets), () => createVerifier({ secrets })]) {
    expect(create).toThrow(CRMConfigError);
    expect(create).toThrow(/signing\.secrets\[1\]: must not be empty.*signing\.secrets\[2\]: must have 24/);
  }
});
