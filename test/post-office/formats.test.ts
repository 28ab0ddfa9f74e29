import { join } from 'node:path';
import { defineFormat, type FormatDefinition, type NotifierOptions } from '../../src/index.js';
import { segment } from '../../src/formats/segment.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { builtPackage } from './built-thread.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

const authToken = 'a-token-of-its-own';
const input = { notificationType: 'user_registered', userId: 'ada@example.com', message: 'registered' };

describe('a target with a format of its own', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const define = (own: Partial<FormatDefinition> = {}): FormatDefinition =>
    defineFormat({ name: 'acme', path: '/activities', build: ({ id }) => ({ body: JSON.stringify({ id }) }), ...own });
  const targetsOf = (baseUrl: string, format: FormatDefinition): NotifierOptions['targets'] => ({
    acme: { baseUrl, authToken, format },
  });

  it.each([
    ['in the app’s thread', { thread: false }],
    ['in a thread', { thread: true }],
  ])('gets what the format builds, with its credentials: Segment, %s', async (_where, options) => {
    const crm = await start(reply(200, '{"success":true}'));
    const marketing = { format: segment({ writeKey: 'a-write-key' }), baseUrl: crm.url };
    const observed = create({ ...options, outbox: directory(), targets: { marketing } }, builtPackage().createNotifier);
    const receipt = await observed.notifier.notifyBooking({
      ...{ bookingId: 456, userId: 123, sessionId: 789, action: 'created' },
    });
    await observed.hear('delivered');
    const [request] = await crm.waitFor(1);
    expect(request).toMatchObject({
      url: '/v1/track',
      headers: { authorization: `Basic ${Buffer.from('a-write-key:').toString('base64')}` },
      json: {
        type: 'track',
        event: 'Booking Created',
        userId: '123',
        messageId: receipt.accepted && receipt.id,
        properties: { booking_id: 456, session_id: 789, action: 'created' },
      },
    });
    expect(observed.log.at('warn')).toEqual([]);
    expect(JSON.stringify(observed.log.lines)).not.toContain('a-write-key');
  });

  it('gets several in one request by the format’s own batch, judged one by one, in a thread', async () => {
    const crm = await start(reply(200, '{"success":true}'));
    const marketing = { format: segment({ writeKey: 'a-write-key' }), baseUrl: crm.url, batch: { maxCount: 10 } };
    const options = { thread: true, outbox: directory(), targets: { marketing } };
    const observed = create(options, builtPackage().createNotifier);
    const ids = await observed.accept('a', 'b', 'c');
    await observed.hear('delivered', 3);
    const batches = crm.received.map(({ json }) => json?.['batch'] as readonly { messageId: string }[] | undefined);
    expect(crm.received.map(({ url }) => url)).toEqual(['/v1/batch']);
    expect(batches[0]?.map(({ messageId }) => messageId)).toEqual(ids);
  });

  it('is posted where the notification’s request says, and judged by the app’s module, in a thread', async () => {
    const crm = await start(inTurn(reply(200, '{"taken":false,"why":"closed"}'), accept));
    // As an app loads it: from the built package, by its name.
    const { acme } = jest.requireActual<{ acme: FormatDefinition }>(
      join(__dirname, '../helpers/programs/own-format.cjs'),
    );
    const options = { thread: true, outbox: directory(), targets: targetsOf(crm.url, acme) };
    const observed = create(options, builtPackage().createNotifier);
    const receipt = await observed.notifier.notify(input);
    expect(await observed.hear('dead')).toMatchObject([
      { reason: { kind: 'rejected', status: 200, detail: 'not taken: closed' } },
    ]);
    await observed.notifier.notify(input);
    await observed.hear('delivered');
    const [request] = crm.received;
    expect(request).toMatchObject({
      url: '/users/ada%40example.com/activities',
      headers: { 'x-acme-version': '2', 'content-type': 'application/json', authorization: `Bearer ${authToken}` },
      json: { key: receipt.accepted && receipt.id, what: 'user_registered' },
    });
    expect(observed.log.at('warn')).toEqual([]);
  });

  it('is delivered on the app’s thread, with one WARN, if its functions are in no module', async () => {
    const crm = await start();
    const format = define({ classify: () => ({ kind: 'delivered' }) });
    const observed = create({ thread: true, outbox: directory(), targets: targetsOf(crm.url, format) });
    await observed.notifier.notify(input);
    await observed.hear('delivered');
    expect(observed.log.at('warn').map(({ message }) => message)).toEqual([
      'CRM outbox and delivery run in the app’s own thread: the format acme has functions that no thread can get. Give ' +
        'defineFormat its module and exportName (docs/formats.md), or set thread: false',
    ]);
  });

  it.each([
    ['its module is not there', '/no/such/module.cjs', 'Cannot find module'],
    ['its module exports no such format', join(__dirname, '../helpers/programs/own-format.cjs'), 'is no format acme'],
  ])('is delivered on the app’s thread, with a WARN, if %s', async (_what, module, problem) => {
    const crm = await start(reply(200, '{"taken":false}'));
    const classify: FormatDefinition['classify'] = ({ json }) =>
      (json as { taken: boolean }).taken ? undefined : { kind: 'rejected', detail: 'not taken' };
    const format = define({ classify, source: { kind: 'module', url: module, exportName: 'other' } });
    const options = { thread: true, outbox: directory(), targets: targetsOf(crm.url, format) };
    const observed = create(options, builtPackage().createNotifier);
    expect(await observed.notifier.notify(input)).toMatchObject({ accepted: true, isStored: true });
    expect(await observed.hear('dead')).toMatchObject([{ reason: { detail: 'not taken' } }]);
    expect(observed.log.at('warn').map(({ message }) => message)).toEqual([expect.stringContaining(problem)]);
  });

  it('pauses where its format says that the credentials are refused, whatever the status is', async () => {
    const crm = await start(inTurn(reply(200, '{"ok":false}'), accept));
    const classify: FormatDefinition['classify'] = ({ body }) =>
      body.includes('false') ? { kind: 'refused' } : undefined;
    const observed = create({ clock, targets: targetsOf(crm.url, define({ classify })) });
    await observed.notifier.notify(input);
    const cause = { kind: 'unauthorised', status: 200, detail: '{"ok":false}' };
    expect(await observed.hear('paused')).toEqual([{ target: 'acme', cause }]);
    await passTimeUntil(observed.hear('delivered'), clock);
  });

  it('says itself what a reply means: later, never, or what its status says', async () => {
    const crm = await start(
      inTurn(
        reply(200, '{"outcome":{"kind":"retry","retryAfterMs":5000}}'),
        reply(200, '{"outcome":{"kind":"rejected","detail":"no such user ada@example.com"}}'),
        reply(503, '{}'),
        reply(503, '{"outcome":{"kind":"delivered"}}'),
      ),
    );
    const format = define({
      build: ({ userId }) => ({ body: JSON.stringify({ who: userId }) }),
      classify: ({ json }) => (json as { outcome?: { kind: 'delivered' } }).outcome,
    });
    const observed = create({ clock, targets: targetsOf(crm.url, format) });
    await observed.notifier.notify(input);
    const [retry] = await passTimeUntil(observed.hear('retry'), clock);
    expect(retry).toMatchObject({ status: 200, delayMs: 5_000 });
    const [dead] = await passTimeUntil(observed.hear('dead'), clock);
    // Its words are scrubbed as a reply's are.
    expect(dead?.reason.detail).toContain('no such user');
    expect(dead?.reason.detail).not.toContain('ada@');
    await observed.notifier.notify(input);
    await passTimeUntil(observed.hear('retry', 2), clock);
    await passTimeUntil(observed.hear('delivered'), clock);
    expect(observed.told('delivered')).toMatchObject([{ status: 503 }]);
  });

  it.each<[string, () => unknown]>([
    ['throws', () => fail()],
    ['returns something else', () => 'delivered'],
    ['returns too few', () => []],
    ['returns a promise', () => Promise.reject(new Error('it is not waited for'))],
    ['rejects for a reason that is no text', () => ({ kind: 'no such kind', detail: {} })],
  ])('is judged by the status if its classify %s', async (_what, classify) => {
    const crm = await start(inTurn(reply(422, 'no'), accept));
    const format = define({ classify: classify as unknown as NonNullable<FormatDefinition['classify']> });
    const observed = create({ clock, targets: targetsOf(crm.url, format) });
    await observed.notifier.notify(input);
    await passTimeUntil(observed.hear('dead'), clock);
    await observed.notifier.notify(input);
    await passTimeUntil(observed.hear('delivered'), clock);
    expect(observed.troubles()).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['an object', { code: 5 }],
    ['a number', 5],
    ['null', null],
  ])('is rejected in the words of the reply if its classify gives as detail %s', async (_what, detail) => {
    const crm = await start(reply(200, 'no such thing'));
    const classify = (() => ({ kind: 'rejected', detail })) as unknown as NonNullable<FormatDefinition['classify']>;
    const observed = create({ clock, targets: targetsOf(crm.url, define({ classify })) });
    await observed.notifier.notify(input);
    const [dead] = await passTimeUntil(observed.hear('dead'), clock);
    expect(dead?.reason).toEqual({ kind: 'rejected', status: 200, detail: 'no such thing' });
    expect(observed.troubles()).toEqual([]);
  });

  it.each([NaN, -5, 'soon', 10n])('is tried again as usual if its classify wants to wait for %p', async (wait) => {
    const crm = await start(inTurn(reply(200, 'later'), accept));
    const classify = (({ body }) =>
      body === 'later' ? { kind: 'retry', retryAfterMs: wait, pausesTarget: true } : undefined) as NonNullable<
      FormatDefinition['classify']
    >;
    const observed = create({ clock, targets: targetsOf(crm.url, define({ classify })) });
    await observed.notifier.notify(input);
    await passTimeUntil(observed.hear('delivered'), clock);
    expect(observed.troubles()).toEqual([]);
  });

  it.each<[string, FormatDefinition['batch']]>([
    ['throws for one of them', { maxCount: 10, join: (bodies) => (bodies.length === 3 ? fail() : bodies.join()) }],
    ['returns nothing', { maxCount: 10, join: () => undefined as unknown as string }],
    ['returns a promise', { maxCount: 10, join: (() => Promise.reject(new Error('late'))) as unknown as () => string }],
  ])('gets each notification alone if the format’s join %s', async (_what, batch) => {
    const crm = await start();
    const targets = { acme: { baseUrl: crm.url, authToken, format: define({ batch }), batch: { maxCount: 10 } } };
    const observed = create({ clock, targets });
    const ids = await observed.accept('a', 'b', 'c');
    await passTimeUntil(observed.hear('delivered', 3), clock);
    expect(crm.received.map(({ json }) => json?.['id']).sort()).toEqual([...ids].sort());
    expect(observed.told('deliveryFailed').map(({ error }) => error.message)).toEqual([
      expect.stringContaining('format acme: its join'),
    ]);
  });

  it('gets several again, and fewer at a time, if its reply was not read to its end', async () => {
    const cut: Answer = (_received, res) => {
      res.writeHead(200, { 'content-length': 100 });
      res.write('{"results":[', () => res.destroy());
    };
    const crm = await start((received, res) => (received.text.includes(',') ? cut : accept)(received, res));
    const format = define({ classify: () => undefined, batch: { maxCount: 10, join: (bodies) => bodies.join() } });
    const targets = { acme: { baseUrl: crm.url, authToken, format, batch: { maxCount: 10 } } };
    const observed = create({ clock, targets });
    await observed.accept('a', 'b', 'c');
    await passTimeUntil(observed.hear('delivered', 3), clock);
    expect(crm.received).toHaveLength(4);
  });

  it.each<[string, string, () => unknown]>([
    ['throws', 'threw an error', () => fail()],
    ['fails asynchronously', 'and not a promise', () => Promise.reject(new Error('it is not waited for'))],
    ['returns no text', 'must return a body that is text', () => ({ body: 5 })],
    ['returns nothing', 'must return { body }', () => undefined],
    ['takes ten seconds', 'and not a promise', () => new Promise((resolve) => setTimeout(resolve, 1))],
    ['has a path of another host', 'must return a path', () => ({ body: '{}', path: '//example.com' })],
    ['has a line break in a path', 'must return a path', () => ({ body: '{}', path: '/a\r\nb' })],
    ['sets the token', 'must return headers', () => ({ body: '{}', headers: { authorization: 'x' } })],
    ['has a line break in a header', 'must return headers', () => ({ body: '{}', headers: { 'x-a': 'b\r\nc: d' } })],
    ['is too large', 'maxBodyBytes', () => ({ body: 'x'.repeat(70_000) })],
  ])('rejects the notification, naming the format, if its build %s', async (_what, problem, build) => {
    const crm = await start();
    const format = define({ build: build as FormatDefinition['build'] });
    const observed = create({ clock, targets: targetsOf(crm.url, format) });
    const receipt = await observed.notifier.notify(input);
    const message = receipt.accepted ? '' : receipt.error.message;
    expect(message).toContain(problem);
    if (problem !== 'maxBodyBytes') expect(message).toContain('format acme');
    // What it threw is personal, perhaps.
    expect(message).not.toContain('ada');
    expect(await observed.stats()).toMatchObject({ rejected: 1, pending: 0 });
  });

  it('is left alone for as long as it says that nothing more is taken', async () => {
    const crm = await start(inTurn(reply(429), accept));
    const format = define({
      classify: ({ status }) =>
        status === 429 ? { kind: 'retry', retryAfterMs: 3_600_000, pausesTarget: true } : undefined,
    });
    const observed = create({ clock, concurrency: 1, targets: targetsOf(crm.url, format) });
    await observed.accept('a');
    await passTimeUntil(observed.hear('retry'), clock);
    await observed.accept('b', 'c');
    await clock.advance(3_500_000);
    expect(crm.received).toHaveLength(1);
    await clock.advance(100_000);
    await passTimeUntil(observed.hear('delivered', 3), clock);
    expect(crm.received).toHaveLength(4);
  });

  it('keeps path and headers in the file of the outbox, and sends them after a restart', async () => {
    const gone = await start();
    await gone.close();
    const outbox = directory();
    const build = () => ({ body: 'POST is a verb', path: '/it?a=1', headers: { 'x-of-its-own': 'a: b' } });
    const format = define({ build, contentType: 'text/plain' });
    const before = create({ outbox, targets: targetsOf(gone.url, format) });
    await before.notifier.notify(input);
    await before.hear('unsent');
    await before.close(1);
    const crm = await start(accept, gone.port);
    const after = create({ outbox, targets: targetsOf(crm.url, format) });
    await after.hear('delivered');
    expect(crm.received[0]).toMatchObject({
      url: '/it?a=1',
      headers: { 'x-of-its-own': 'a: b', 'content-type': 'text/plain' },
    });
    expect(crm.received[0]?.text).toBe('POST is a verb');
  });
});

function fail(): never {
  throw new Error('no user ada@example.com');
}
