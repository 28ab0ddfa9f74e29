import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { createSigner } from '../../src/signing/create-signer.js';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const id = '0199c3d0-7a2e-7bbb-8aaa-0123456789ab';
const bodies = ['{}', '{"test": 2432232314}', '', '{"name":"Ünïcode 日本 👩‍👩‍👧"}', 'x'.repeat(100_000)];

describe('what is signed with a shared secret', () => {
  it.each(bodies)('has the signature that the package standardwebhooks makes: %#', (body) => {
    for (const bytes of [24, 31, 32, 64]) {
      const key = `whsec_${randomBytes(bytes).toString('base64')}`;
      const nowMs = Date.now();
      const headers = createSigner(key)(id, nowMs, body);
      expect(headers['webhook-signature']).toBe(new Webhook(key).sign(id, new Date(nowMs), body));
    }
  });

  it.each(bodies.filter((body) => body.startsWith('{')))('is taken by that package: %#', (body) => {
    const headers = { ...createSigner(secret)(id, Date.now(), body) };
    // It parses what it has verified.
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  });

  it('is the same for bytes as for their text', () => {
    const sign = createSigner(secret);
    for (const body of bodies) expect(sign(id, 1_000, Buffer.from(body))).toEqual(sign(id, 1_000, body));
  });

  it('differs for two bodies that are no UTF-8 and would be equal as texts', () => {
    const sign = createSigner(secret);
    const [one, other] = [Buffer.from([0xff]), Buffer.from([0xfe])];
    expect(one.toString()).toBe(other.toString());
    expect(sign(id, 1_000, one)['webhook-signature']).not.toBe(sign(id, 1_000, other)['webhook-signature']);
  });
});

describe('what is signed with a private key', () => {
  /** The signature that the example of the specification shows; the keys and what was signed are those of Svix's tests. */
  const pair = '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
  const shown = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==';
  const seed = Buffer.from(pair, 'base64').subarray(0, 32).toString('base64');

  it.each([
    ['with its public half', pair],
    ['alone', seed],
  ])('has the signature of the example in the specification: %s', (_which, key) => {
    const headers = createSigner(`whsk_${key}`)(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330_000,
      '{"test": 2432232314}',
    );
    expect(headers['webhook-signature']).toBe(shown);
  });

  it('is right to whoever has the public key and only node:crypto', () => {
    const x = Buffer.from(pair, 'base64').subarray(32).toString('base64url');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    for (const body of bodies) {
      const headers = createSigner(`whsk_${seed}`)(id, 1_700_000_000_999, body);
      const [version, signature = ''] = headers['webhook-signature'].split(',');
      expect(version).toBe('v1a');
      const content = Buffer.from(`${id}.1700000000.${body}`);
      expect(verify(null, content, publicKey, Buffer.from(signature, 'base64'))).toBe(true);
    }
  });
});

it('every secret signs, in its order, with a space between signatures', () => {
  const other = `whsec_${randomBytes(32).toString('base64')}`;
  const alone = [secret, other].map((each) => createSigner(each)(id, 5_000, 'body')['webhook-signature']);
  expect(createSigner([secret, other])(id, 5_000, 'body')['webhook-signature']).toBe(alone.join(' '));
  for (const each of [secret, other]) {
    const headers = { ...createSigner([secret, other])(id, Date.now(), '1') };
    expect(new Webhook(each).verify('1', headers)).toBe(1);
  }
});

it('the timestamp is in whole seconds, of the attempt, and the id the same on each', () => {
  const sign = createSigner(secret);
  expect(sign(id, 1_700_000_000_999, '')).toMatchObject({ 'webhook-id': id, 'webhook-timestamp': '1700000000' });
  expect(sign(id, 1_700_000_001_000, '')).toMatchObject({ 'webhook-id': id, 'webhook-timestamp': '1700000001' });
});

it.each(['', 'a.b', 'a,b', 'a b', 'a\r\nx-evil: 1', 'é', 'x'.repeat(200)])('the id %j is refused', (odd) => {
  expect(() => createSigner(secret)(odd, 1_000, '')).toThrow(/id: must be 1 to 64 characters/);
});

it.each([NaN, -1, Infinity])('the time %d is refused', (nowMs) => {
  expect(() => createSigner(secret)(id, nowMs, '')).toThrow(/nowMs: must be milliseconds/);
});
