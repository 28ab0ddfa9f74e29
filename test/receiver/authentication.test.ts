import { randomBytes } from 'node:crypto';
import express from 'express';
import { createSigner } from '../../src/signing/create-signer.js';
import { booking, token, useReceiver } from './use-receiver.js';

const start = useReceiver();
const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

describe('the token', () => {
  it.each([
    ['none', ''],
    ['another one', 'Bearer another-token'],
    ['the right one with something added', `Bearer ${token}x`],
    ['an empty one', 'Bearer '],
    ['the right one, by another scheme', `Basic ${token}`],
    ['the right one twice', `Bearer ${token} ${token}`],
  ])('is needed; 401 for %s, and nothing is handled', async (_which, authorization) => {
    const handled: unknown[] = [];
    const receiver = await start({ on: { '*': (notification) => handled.push(notification) } });
    for (const post of [
      receiver.notify(booking(), { authorization }),
      receiver.notifyBatch([booking()], { authorization }),
    ]) {
      const response = await post;
      expect(response).toMatchObject({ status: 401, body: { code: 'wrong-token' } });
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
    expect(handled).toEqual([]);
    expect(receiver.log.text()).not.toContain(token);
  });

  it('may be the old or the new one while it is being replaced', async () => {
    const receiver = await start({ token: ['new-token', 'old-token'] });
    for (const [given, status] of [
      ['new-token', 200],
      ['old-token', 200],
      [token, 401],
    ] as const) {
      expect(await receiver.notify(booking(), { authorization: `Bearer ${given}` })).toMatchObject({ status });
      expect(await receiver.notifyBatch([booking()], { authorization: `bearer ${given}` })).toMatchObject({ status });
    }
  });

  it('is not asked for if the app has checked who comes', async () => {
    const receiver = await start({ token: null }, (app, middleware) => {
      app.use((req, res, next) => {
        if (req.get('x-own-check') === 'yes') next();
        else res.sendStatus(403);
      });
      app.use(middleware);
    });
    const authorization = 'none';
    expect(await receiver.notify(booking(), { authorization, 'x-own-check': 'yes' })).toMatchObject({ status: 200 });
    expect(await receiver.notify(booking(), { authorization })).toMatchObject({ status: 403 });
  });
});

describe('the signature', () => {
  const [secret, oldSecret] = [newSecret(), newSecret()];
  const nowMs = 1_750_000_000_000;
  const clock = { now: () => nowMs, monotonicMs: () => 0, after: () => () => undefined };
  const options = { token: undefined, signing: { secrets: secret }, clock };
  const bytesOf = (body: object) => Buffer.from(JSON.stringify(body));
  const signed = (bytes: Buffer, secrets: string | string[] = secret, atMs = nowMs) => ({
    ...createSigner(secrets)('msg_1', atMs, bytes),
  });

  it('lets a notification and a batch in', async () => {
    const receiver = await start(options);
    const one = bytesOf(booking());
    expect(await receiver.notify(one, signed(one))).toMatchObject({ status: 200 });
    const batch = { notifications: [booking(), booking()] };
    const response = await receiver.notifyBatch(batch.notifications, signed(bytesOf(batch)));
    expect(response).toMatchObject({ status: 200, body: { results: [{ status: 200 }, { status: 200 }] } });
  });

  it.each([
    ['is missing', undefined, 'unsigned'],
    ['is of another secret', signed(bytesOf(booking()), newSecret()), 'wrong-signature'],
    ['is of another body', signed(bytesOf(booking())), 'wrong-signature'],
    ['is garbage', { ...signed(bytesOf(booking())), 'webhook-timestamp': 'yesterday' }, 'malformed-signature'],
  ])('is needed; 401 if it %s, and nothing is handled', async (_how, headers, code) => {
    const handled: unknown[] = [];
    const receiver = await start({ ...options, on: { '*': (notification) => handled.push(notification) } });
    expect(await receiver.notify(booking(), headers)).toMatchObject({ status: 401, body: { code } });
    expect(handled).toEqual([]);
  });

  it.each([
    ['long ago', -301_000, 'signature-too-old'],
    ['in the future', 301_000, 'signature-too-new'],
  ])('cannot be replayed: 401 if it was made %s', async (_when, offsetMs, code) => {
    const receiver = await start(options);
    const bytes = bytesOf(booking());
    const response = await receiver.notify(bytes, signed(bytes, secret, nowMs + offsetMs));
    expect(response).toMatchObject({ status: 401, body: { code } });
    expect(await receiver.notify(bytes, signed(bytes, secret, nowMs + offsetMs / 2))).toMatchObject({ status: 200 });
  });

  it('replayed within the tolerance is a duplicate', async () => {
    const handled: unknown[] = [];
    const receiver = await start({ ...options, on: { '*': (notification) => handled.push(notification) } });
    const bytes = bytesOf(booking());
    for (const duplicate of [false, true, true]) {
      expect(await receiver.notify(bytes, signed(bytes))).toMatchObject({ status: 200, body: { duplicate } });
    }
    expect(handled).toHaveLength(1);
  });

  it('may be of the old or the new secret while it is being replaced', async () => {
    const receiver = await start({ ...options, signing: { secrets: [secret, oldSecret] } });
    for (const [secrets, status] of [
      [[secret], 200],
      [[oldSecret], 200],
      [[newSecret(), oldSecret], 200],
      [[newSecret()], 401],
    ] as const) {
      const bytes = bytesOf(booking());
      expect(await receiver.notify(bytes, signed(bytes, [...secrets]))).toMatchObject({ status });
    }
  });

  it('is of the exact bytes: 401 if a proxy writes the JSON anew, with the same meaning', async () => {
    const receiver = await start(options);
    const sent = booking();
    const pretty = Buffer.from(JSON.stringify(sent, undefined, 2));
    expect(JSON.parse(pretty.toString())).toEqual(sent);
    const response = await receiver.notify(pretty, signed(bytesOf(sent)));
    expect(response).toMatchObject({ status: 401, body: { code: 'wrong-signature' } });
    expect(response.body.error).toMatch(/a proxy changes the body/);
  });

  it('is needed besides the token if both are set up', async () => {
    const receiver = await start({ ...options, token });
    const bytes = bytesOf(booking());
    expect(await receiver.notify(bytes, signed(bytes))).toMatchObject({ status: 200 });
    expect(await receiver.notify(bytes)).toMatchObject({ status: 401, body: { code: 'unsigned' } });
    const authorization = 'Bearer another';
    expect(await receiver.notify(bytes, { ...signed(bytes), authorization })).toMatchObject({
      status: 401,
      body: { code: 'wrong-token' },
    });
  });

  describe('where a body parser comes before the receiver', () => {
    it('cannot be verified: 500, which loses nothing, and one line says what to do', async () => {
      const receiver = await start(options, (app, middleware) => app.use(express.json(), middleware));
      const bytes = bytesOf(booking());
      for (let times = 0; times < 2; times += 1) {
        const response = await receiver.notify(bytes, signed(bytes));
        expect(response).toMatchObject({ status: 500, body: { code: 'body-gone' } });
        expect(response.body.error).toMatch(/Mount the receiver before express\.json\(\)/);
      }
      expect(receiver.log.at('error')).toHaveLength(1);
    });

    it('is verified if the parser keeps the bytes', async () => {
      const parser = express.json({
        verify: (req, _res, bytes) => {
          Object.assign(req, { rawBody: bytes });
        },
      });
      const receiver = await start(options, (app, middleware) => app.use(parser, middleware));
      const bytes = bytesOf(booking());
      expect(await receiver.notify(bytes, signed(bytes))).toMatchObject({ status: 200 });
      expect(await receiver.notify(booking(), signed(bytes))).toMatchObject({ status: 401 });
    });

    it('is verified if the parser is express.raw', async () => {
      const parser = express.raw({ type: 'application/json' });
      const receiver = await start(options, (app, middleware) => app.use(parser, middleware));
      const bytes = bytesOf(booking());
      expect(await receiver.notify(bytes, signed(bytes))).toMatchObject({ status: 200 });
      expect(await receiver.notify(booking(), signed(bytes))).toMatchObject({ status: 401 });
    });
  });
});
