import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { createSigner } from '../../src/signing/create-signer.js';
import { createVerifier } from '../../src/signing/create-verifier.js';

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;
const [secret, oldSecret, foreignSecret] = [newSecret(), newSecret(), newSecret()];
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const whsk = `whsk_${privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64')}`;
const whpk = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;

const id = 'msg_1';
const nowMs = 1_700_000_000_000;
const body = Buffer.from('{"name":"Ünïcode 👩‍👩‍👧"}');
const signed = (secrets: string | readonly string[], atMs = nowMs) => createSigner(secrets)(id, atMs, body);

it('what the package standardwebhooks has signed is valid', () => {
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(nowMs / 1_000),
    'webhook-signature': new Webhook(secret).sign(id, new Date(nowMs), body.toString()),
  };
  expect(createVerifier({ secrets: secret })(headers, body, nowMs)).toBe('valid');
  expect(createVerifier({ secrets: foreignSecret })(headers, body, nowMs)).toBe('wrong');
});

describe('while a secret is being replaced', () => {
  it.each([
    ['the sender has both, the receiver the old one', [secret, oldSecret], [oldSecret]],
    ['the sender has both, the receiver the new one', [secret, oldSecret], [secret]],
    ['the sender has the old one, the receiver both', [oldSecret], [secret, oldSecret]],
    ['the sender has the new one, the receiver both', [secret], [secret, oldSecret]],
    ['ed25519 takes over from HMAC', [whsk, secret], [whpk]],
    ['ed25519 is to take over from HMAC', [whsk, secret], [secret]],
    ['the receiver knows both kinds', [whsk], [secret, whpk]],
  ])('it is valid: %s', (_when, ofSender, ofReceiver) => {
    expect(createVerifier({ secrets: ofReceiver })(signed(ofSender), body, nowMs)).toBe('valid');
  });
});

describe('it is wrong', () => {
  const verify = createVerifier({ secrets: [secret, whpk] });
  const change = (headers: Record<string, string>) => verify({ ...signed([secret, whsk]), ...headers }, body, nowMs);

  it('if another secret has signed', () => {
    expect(verify(signed(foreignSecret), body, nowMs)).toBe('wrong');
    const { privateKey: foreign } = generateKeyPairSync('ed25519');
    const key = `whsk_${foreign.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64')}`;
    expect(verify(signed(key), body, nowMs)).toBe('wrong');
  });

  it.each([secret, whsk])('if a byte of the body has changed: %#', (key) => {
    const headers = signed(key);
    expect(verify(headers, body, nowMs)).toBe('valid');
    for (const changed of [Buffer.concat([body, Buffer.from(' ')]), body.subarray(1), Buffer.alloc(0)]) {
      expect(verify(headers, changed, nowMs)).toBe('wrong');
    }
  });

  it('if the id or the timestamp is another one', () => {
    expect(change({})).toBe('valid');
    expect(change({ 'webhook-id': 'msg_2' })).toBe('wrong');
    expect(change({ 'webhook-timestamp': String(nowMs / 1_000 + 1) })).toBe('wrong');
  });

  it.each(['', 'v1', 'v1,', 'v1,AAAA', 'v1a,', 'v1a,AAAA', 'v2,AAAA', 'garbage', ' ', `v1,${'A'.repeat(44)}`])(
    'if the signature is %j',
    (list) => {
      expect(change({ 'webhook-signature': list })).toBe('wrong');
    },
  );

  it('if the right signature stands under another version', () => {
    const [, base64 = ''] = signed(secret)['webhook-signature'].split(',');
    for (const version of ['v0', 'v1a', 'v2'])
      expect(change({ 'webhook-signature': `${version},${base64}` })).toBe('wrong');
    expect(change({ 'webhook-signature': `v1,AAAA v9,AAAA v1,${base64}` })).toBe('valid');
  });
});

describe('the timestamp', () => {
  const verify = createVerifier({ secrets: secret });

  it.each([
    ['5 minutes ago', -300_000, 'valid'],
    ['a second before that', -301_000, 'too-old'],
    ['in 5 minutes', 300_000, 'valid'],
    ['a second after that', 301_000, 'too-new'],
  ])('may be 5 minutes off by default: %s', (_when, offsetMs, finding) => {
    expect(verify(signed(secret, nowMs + offsetMs), body, nowMs)).toBe(finding);
  });

  it('may be off as far as the receiver says', () => {
    const strict = createVerifier({ secrets: secret, toleranceMs: 10_000 });
    expect(strict(signed(secret, nowMs - 10_000), body, nowMs)).toBe('valid');
    expect(strict(signed(secret, nowMs - 11_000), body, nowMs)).toBe('too-old');
  });

  it.each([0, -1, NaN, Infinity])('may not be off by %d', (toleranceMs) => {
    expect(() => createVerifier({ secrets: secret, toleranceMs })).toThrow(/signing\.toleranceMs: must be a positive/);
  });
});

it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s it is unsigned', (name) => {
  const verify = createVerifier({ secrets: secret });
  expect(verify({ ...signed(secret), [name]: undefined }, body, nowMs)).toBe('unsigned');
});

it.each([
  ['an id with a full stop', { 'webhook-id': 'msg.1' }],
  ['an empty id', { 'webhook-id': '' }],
  ['an id with a space', { 'webhook-id': 'msg 1' }],
  ['a timestamp in words', { 'webhook-timestamp': 'now' }],
  ['a timestamp in parts of a second', { 'webhook-timestamp': '1700000000.5' }],
  ['a timestamp of 13 digits', { 'webhook-timestamp': '1700000000000' }],
  ['21 signatures', { 'webhook-signature': 'v1,AAAA '.repeat(20) + signed(secret)['webhook-signature'] }],
  ['several headers of one name', { 'webhook-id': ['msg_1', 'msg_1'] }],
])('%s is malformed', (_what, headers) => {
  const verify = createVerifier({ secrets: secret });
  expect(verify({ ...signed(secret), ...headers }, body, nowMs)).toBe('malformed');
});
