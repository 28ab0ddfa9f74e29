import type { ServerResponse } from 'node:http';
import { CRMConfigError, CRMOutboxError } from '../../src/core/errors.js';
import type { PostOffice } from '../../src/post-office/post-office.js';
import type { AcceptedNotification } from '../../src/outbox/outbox.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { sampleNotification, sampleNotifications } from '../helpers/sample-notification.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { useOffices, type CreateHost, type ObservedOffice, type OfficeOptions } from './observed-office.js';

const taken = { accepted: true };
const soon = { firstDelayMs: 1, maxDelayMs: 1, maxAgeMs: 100 * 365 * 86_400_000, maxRetryAfterMs: 86_400_000 };
const secret = 'secret-of-the-provider-0123456789';

export interface ContractOptions {
  readonly createHost: CreateHost;
  readonly isOnDisk: boolean;
  /** Returns where each test has an outbox of its own on a server. @default in a directory, or in memory */
  readonly useServer?: () => () => OfficeOptions['outbox'];
}

/** What every post office promises, as `src/post-office/post-office.ts` says it, to a real CRM and by the real clock. */
export function describePostOfficeContract({ createHost, isOnDisk, useServer }: ContractOptions): void {
  describe('keeps the contract of a post office', () => {
    const create = useOffices(createHost);
    const start = useCrm();
    const directory = useTempDirectory();
    const place = useServer?.() ?? (() => (isOnDisk ? directory() : undefined));
    const open = (options: OfficeOptions): ObservedOffice => create({ outbox: place(), ...options });
    contract(open, start);
    if (isOnDisk || useServer !== undefined) lastingContract(open, start);
    if (isOnDisk) contractOnDisk(open);
  });
}

type Open = (options: OfficeOptions) => ObservedOffice;
type StartCrm = ReturnType<typeof useCrm>;

/** One notification of each lane, in this order. */
function inLanes(...lanes: readonly string[]): AcceptedNotification[] {
  return lanes.map((lane) => sampleNotification({ lane }));
}

function ids(notifications: readonly AcceptedNotification[]): string[] {
  return notifications.map(({ id }) => id);
}

const neverAnswer: Answer = () => undefined;

function contract(open: Open, start: StartCrm): void {
  /** The URL of a CRM that was there until now. */
  const goneUrl = async (): Promise<string> => {
    const crm = await start();
    await crm.close();
    return crm.url;
  };

  it('is ready once its outbox is open', async () => {
    const office = open({});
    await office.ready();
    await office.ready();
  });

  describe('accept', () => {
    it('answers for each notification, in order, and they reach the CRM, each lane in order', async () => {
      const crm = await start();
      const office = open({ baseUrl: crm.url });
      const batches = [inLanes('a', 'b', 'a'), inLanes('c'), [], inLanes('b', 'a')];
      const answers = await Promise.all(batches.map((batch) => office.accept(batch)));
      expect(answers).toEqual(batches.map((batch) => batch.map(() => taken)));
      await crm.waitFor(6);
      const arrived = idsOf(crm.received);
      for (const lane of ['a', 'b', 'c']) {
        const accepted = ids(batches.flat().filter((notification) => notification.lane === lane));
        expect(arrived.filter((id) => accepted.includes(id))).toEqual(accepted);
      }
    });

    it('takes it before it is ready', async () => {
      const crm = await start();
      const office = open({ baseUrl: crm.url });
      expect(await office.accept(sampleNotifications(1))).toEqual([taken]);
    });

    it('hands on the bytes and the trace as they are', async () => {
      const crm = await start();
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const body = Buffer.from('{"notification_id":"ü€😀"}');
      const notification = sampleNotification({ body, traceparent });
      await open({ baseUrl: crm.url }).accept([notification]);
      const [received] = await crm.waitFor(1);
      expect(received).toMatchObject({
        text: body.toString(),
        headers: { 'idempotency-key': notification.id, traceparent, authorization: 'Bearer test-token-0123456789' },
      });
    });

    it.each([
      ['count', { count: 3, bytes: 1_000_000 }],
      ['bytes', { count: 1_000, bytes: 300 }],
    ])('takes what there is room for by %s, and says of the rest that it is full', async (_by, maxPending) => {
      const office = open({ baseUrl: await goneUrl(), maxPending });
      const body = Buffer.alloc(100, ' ');
      const full = { accepted: false, reason: 'full', detail: expect.stringContaining('maxPending') as string };
      expect(await office.accept(sampleNotifications(2, { body }))).toEqual([taken, taken]);
      expect(await office.accept(sampleNotifications(3, { body }))).toEqual([taken, full, full]);
      expect(await office.accept(sampleNotifications(1, { body }))).toEqual([full]);
      expect(await office.stats()).toMatchObject({ pending: 3, pendingBytes: 300 });
    });
  });

  it('counts what it has done and what there is', async () => {
    const held: ServerResponse[] = [];
    const crm = await start((_received, res) => held.push(res));
    const office = open({ baseUrl: crm.url, retry: soon });
    const zero = {
      delivered: 0,
      retried: 0,
      unsent: 0,
      pending: 0,
      pendingBytes: 0,
      inFlight: 0,
      dead: 0,
      oldestAgeMs: 0,
    };
    expect(await office.stats()).toEqual({
      ...zero,
      circuit: 'closed',
      targets: { crm: { ...zero, circuit: 'closed', pausedByHand: null } },
      outboxBytes: expect.any(Number),
      isDelivering: true,
      pausesUnknown: null,
      isOutboxReadable: true,
    });
    const batch = inLanes('a', 'b', 'c', 'a');
    await office.accept(batch);
    await crm.waitFor(3);
    const pendingBytes = batch.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    expect(await office.stats()).toMatchObject({
      ...zero,
      pending: 4,
      pendingBytes,
      inFlight: 3,
      oldestAgeMs: expect.any(Number) as number,
    });
    crm.answerWith(accept);
    held[0]!.writeHead(500).end();
    held[1]!.writeHead(422).end();
    held[2]!.end('{}');
    await office.hear('delivered', 3);
    expect(await office.stats()).toMatchObject({ ...zero, delivered: 3, retried: 1, dead: 1 });
    const byType = [{ target: 'crm', type: batch[0]!.type, accepted: 4, delivered: 3, retried: 1, dead: 1 }];
    expect(await office.countsByType(0)).toEqual(byType);
  });

  it('pauses by hand and resumes, and waits for nothing that is paused', async () => {
    const crm = await start();
    const office = open({ baseUrl: crm.url });
    expect(await office.changePause({ target: 'crm', isPaused: true, by: 'ada' })).toBe(1);
    await office.accept(inLanes('a'));
    expect(await office.flush(60_000)).toEqual({ delivered: 0, pending: 1, dead: 0 });
    const pausedByHand = { by: 'ada', since: expect.any(Number) as number };
    expect(await office.stats()).toMatchObject({ pending: 1, targets: { crm: { pausedByHand } } });
    expect(crm.received).toEqual([]);
    expect(await office.changePause({ target: null, isPaused: false, by: null })).toBe(1);
    await crm.waitFor(1);
    expect(office.told('pausedByHand')).toMatchObject([{ target: 'crm', by: 'ada' }]);
    expect(office.told('resumedByHand')).toMatchObject([{ target: 'crm', by: null }]);
    expect(office.troubles()).toEqual([]);
  });

  it('tells what happens, notification by notification', async () => {
    const crm = await start(inTurn(reply(503), reply(200, 'thanks'), reply(422, 'no such booking'), accept));
    const office = open({ baseUrl: crm.url, retry: soon, concurrency: 1 });
    const [first, second, third] = inLanes('a', 'a', 'a');
    await office.accept([first!, second!, third!]);
    await office.hear('delivered', 2);
    expect(office.told('retry')).toMatchObject([{ id: first!.id, type: first!.type, attempts: 1, status: 503 }]);
    expect(office.told('dead')).toMatchObject([
      { id: second!.id, attempts: 1, reason: { kind: 'rejected', status: 422, detail: 'no such booking' } },
    ]);
    expect(office.told('delivered')).toMatchObject([
      { id: first!.id, attempts: 2, status: 200, isReplyNotJson: true },
      { id: third!.id, attempts: 1, isReplyNotJson: false, durationMs: expect.any(Number) as number },
    ]);
    expect(office.troubles()).toEqual([]);
  });

  it('tells of an outage once, and of its end', async () => {
    const gone = await start();
    await gone.close();
    const breaker = { failureThreshold: 2, firstDelayMs: 5, maxDelayMs: 5, maxPauseMs: 5 };
    const office = open({ baseUrl: gone.url, breaker });
    await office.accept(inLanes('a', 'b'));
    // On a busy machine an attempt may take longer than so short a pause, and then counts as one that hangs.
    const code = expect.stringMatching(/^(ECONNREFUSED|ERR_CRM_TIMEOUT)$/);
    expect(await office.hear('paused')).toMatchObject([{ cause: { kind: 'unreachable', code } }]);
    expect((await office.stats()).circuit).not.toBe('closed');
    await start(accept, gone.port);
    await office.hear('delivered', 2);
    expect([office.told('paused').length, office.told('resumed').length]).toEqual([1, 1]);
  });

  describe.each(['flush', 'close'] as const)('%s', (name) => {
    it('reports what came of everything that was due, and what is left', async () => {
      const answers: Readonly<Record<string, Answer>> = {
        '1': accept,
        '2': reply(422),
        '3': reply(503, '', { 'retry-after': '60' }),
      };
      const crm = await start((received, res) => answers[received.text]!(received, res));
      const office = open({ baseUrl: crm.url });
      await office.accept(
        ['1', '2', '3', '1'].map((text, lane) => sampleNotification({ lane: String(lane), body: Buffer.from(text) })),
      );
      const report = await office[name](10_000);
      const { delivered, dead } = await office.stats();
      // Some may have been delivered before the call.
      expect(report.delivered).toBeLessThanOrEqual(2);
      expect(report.dead).toBeLessThanOrEqual(1);
      expect({ delivered, dead, pending: report.pending }).toEqual({ delivered: 2, dead: 1, pending: 1 });
    });

    it('counts from its own call on', async () => {
      const held: ServerResponse[] = [];
      const crm = await start((_received, res) => held.push(res));
      const office = open({ baseUrl: crm.url });
      await office.accept(inLanes('a', 'b', 'c'));
      await crm.waitFor(3);
      held[0]!.end('{}');
      await office.hear('delivered');
      const reporting = office[name](10_000);
      // Answered in order: by the time the second is there, so is the call before it.
      await office.stats();
      held[1]!.end('{}');
      held[2]!.writeHead(422).end();
      expect(await reporting).toEqual({ delivered: 1, pending: 0, dead: 1 });
    });

    it('answers at its time limit', async () => {
      const crm = await start(neverAnswer);
      const office = open({ baseUrl: crm.url });
      await office.accept(inLanes('a', 'b'));
      await crm.waitFor(2);
      const sinceMs = performance.now();
      expect(await office[name](100)).toEqual({ delivered: 0, pending: 2, dead: 0 });
      expect(performance.now() - sinceMs).toBeGreaterThan(90);
    });
  });

  describe('once it is closed', () => {
    const closeOne = async (): Promise<{ office: ObservedOffice; received: readonly unknown[] }> => {
      const crm = await start();
      const office = open({ baseUrl: crm.url });
      await office.accept(inLanes('a', 'b'));
      await office.hear('delivered', 2);
      expect(await office.close(1_000)).toEqual({ delivered: 0, pending: 0, dead: 0 });
      return { office, received: crm.received };
    };

    it('accepts nothing, and says why', async () => {
      const { office, received } = await closeOne();
      const closed = { accepted: false, reason: 'closed', detail: 'the notifier is closed' };
      expect(await office.accept(sampleNotifications(2))).toEqual([closed, closed]);
      expect(received).toHaveLength(2);
    });

    it('refuses the other calls for good, and still has its last counts', async () => {
      const { office } = await closeOne();
      await expectRefusals(office);
      expect(await office.stats()).toMatchObject({ delivered: 2, pending: 0, inFlight: 0, dead: 0 });
    });

    it('A16: is ready no more, from the moment of the close', async () => {
      const office = open({});
      await office.ready();
      const closing = office.close(1_000);
      const refusal = { name: 'CRMOutboxError', message: 'the notifier is closed', retryable: false };
      await expect(office.ready()).rejects.toMatchObject(refusal);
      await closing;
      await expect(office.ready()).rejects.toMatchObject(refusal);
    });

    it('answers the same report again, also to a flush, and has given back everything once', async () => {
      const { office } = await closeOne();
      const report = await office.close(1);
      expect(report).toEqual({ delivered: 0, pending: 0, dead: 0 });
      expect(await office.flush(1)).toEqual(report);
      expect(office.closedCount).toBe(1);
    });

    it('gives one answer to all who close it at once', async () => {
      const crm = await start(neverAnswer);
      const office = open({ baseUrl: crm.url });
      await office.accept(inLanes('a'));
      await crm.waitFor(1);
      const closings = [office.close(50), office.close(10_000), office.flush(10_000)];
      const report = { delivered: 0, pending: 1, dead: 0 };
      expect(await Promise.all(closings)).toEqual([report, report, report]);
      expect(office.closedCount).toBe(1);
    });

    it('has refused calls from the moment of the close, and answered for what it had begun', async () => {
      const crm = await start();
      const office = open({ baseUrl: crm.url });
      const accepting = office.accept(inLanes('a', 'b'));
      const flushing = office.flush(10_000);
      const closing = office.close(10_000);
      expect(await office.accept(sampleNotifications(1))).toMatchObject([{ reason: 'closed' }]);
      await expectRefusals(office);
      expect(await accepting).toEqual([taken, taken]);
      expect(await closing).toMatchObject({ pending: 0 });
      expect(await flushing).toMatchObject({ pending: 0 });
      expect(crm.received).toHaveLength(2);
    });

    it('may be closed before it was ready', async () => {
      const office = open({});
      expect(await office.close(1_000)).toEqual({ delivered: 0, pending: 0, dead: 0 });
      expect(office.closedCount).toBe(1);
    });
  });

  describe('dead letters', () => {
    const openWithDead = async (count: number): Promise<{ office: ObservedOffice; dead: string[] }> => {
      const crm = await start(reply(422, 'no such booking'));
      const office = open({ baseUrl: crm.url });
      const batch = sampleNotifications(count);
      await office.accept(batch);
      await office.hear('dead', count);
      crm.answerWith(accept);
      return { office, dead: ids(batch) };
    };

    it('are listed, newest first, page by page', async () => {
      const { office, dead } = await openWithDead(3);
      const page = await office.listDead({ limit: 2 });
      expect(page).toMatchObject([
        { id: dead[2], attempts: 1, reason: { kind: 'rejected', status: 422, detail: 'no such booking' } },
        { id: dead[1] },
      ]);
      expect(await office.listDead({ limit: 2, before: page[1]!.position })).toMatchObject([{ id: dead[0] }]);
    });

    it('are redelivered, one or all, and answer how many that were', async () => {
      const { office, dead } = await openWithDead(3);
      expect(await office.redeliver({ id: dead[1]! })).toBe(1);
      expect(await office.hear('delivered')).toMatchObject([{ id: dead[1], attempts: 1 }]);
      expect(await office.redeliver({ id: dead[1]! })).toBe(0);
      expect(await office.redeliverAll({})).toBe(2);
      await office.hear('delivered', 3);
      expect(await office.listDead({ limit: 10 })).toEqual([]);
    });

    it('are discarded', async () => {
      const { office, dead } = await openWithDead(2);
      expect(await office.discard({ id: dead[0]! })).toBe(1);
      expect(await office.discard({ id: dead[0]! })).toBe(0);
      expect(await office.stats()).toMatchObject({ dead: 1 });
      expect(await office.discardAll({ target: 'another' })).toBe(0);
      expect(await office.discardAll({ search: dead[1]! })).toBe(1);
      expect(await office.stats()).toMatchObject({ dead: 0 });
    });
  });

  describe('a token provider', () => {
    it('is asked in the app, once, and once more after a 401', async () => {
      const tokens = ['first-token-0123456789', 'second-token-0123456789'];
      const asked: string[] = [];
      const crm = await start((received, res) => {
        reply(received.headers.authorization === `Bearer ${tokens[1]!}` ? 200 : 401)(received, res);
      });
      const authToken = async (): Promise<string> => {
        asked.push(tokens[asked.length]!);
        return asked.at(-1)!;
      };
      const office = open({ baseUrl: crm.url, authToken });
      for (let count = 1; count <= 3; count += 1) {
        await office.accept(inLanes('a'));
        await office.hear('delivered', count);
      }
      expect(asked).toEqual(tokens);
      expect(crm.received.map(({ headers }) => headers.authorization)).toEqual(
        [tokens[0], tokens[1], tokens[1], tokens[1]].map((token) => `Bearer ${token!}`),
      );
    });

    it.each<[what: string, fail: () => Promise<string>]>([
      [
        'throws',
        () => {
          throw new Error(secret);
        },
      ],
      ['rejects', () => Promise.reject(new Error(secret))],
      ['hangs', () => new Promise<string>(() => undefined)],
      ['answers no string', () => Promise.resolve({ secret } as unknown as string)],
      ['answers what cannot be sent', () => Promise.resolve(`${secret}\r\nx: y`)],
    ])('that %s delays delivery, counts as no attempt, and is quoted nowhere', async (_what, fail) => {
      const crm = await start();
      const state = { fails: true };
      const authToken = (): Promise<string> => (state.fails ? fail() : Promise.resolve(secret));
      const breaker = { failureThreshold: 5, firstDelayMs: 5, maxDelayMs: 5, maxPauseMs: 5 };
      const office = open({ baseUrl: crm.url, authToken, timeoutMs: 1_000, breaker, isDebugEnabled: true });
      const [notification] = inLanes('a');
      await office.accept([notification!]);
      expect(await office.hear('unsent')).toMatchObject([{ id: notification!.id, code: 'ERR_CRM_TOKEN', attempts: 0 }]);
      state.fails = false;
      expect(await office.hear('delivered')).toMatchObject([{ attempts: 1 }]);
      expect(crm.received).toMatchObject([{ headers: { authorization: `Bearer ${secret}` } }]);
      const told = JSON.stringify([
        office.told('retry'),
        office.told('unsent'),
        office.told('paused'),
        office.troubles(),
      ]);
      expect(told + office.log.text()).not.toContain(secret);
    });
  });

  it.each([true, false])('writes debug lines as the app’s logger wants them (%s)', async (isDebugEnabled) => {
    const crm = await start();
    const office = open({ baseUrl: crm.url, isDebugEnabled });
    await office.accept(inLanes('a'));
    await office.hear('delivered');
    await office.close(1_000);
    expect(office.log.at('debug').length > 0).toBe(isDebugEnabled);
    expect(office.log.text()).not.toContain('test-token');
    // Who leads is no debug line.
    expect(office.log.lines.filter(({ level }) => level !== 'debug' && level !== 'info')).toEqual([]);
  });
}

async function expectRefusals(office: PostOffice): Promise<void> {
  const calls = [
    () => office.listDead({ limit: 1 }),
    () => office.redeliver({ id: 'some' }),
    () => office.redeliverAll({}),
    () => office.discard({ id: 'some' }),
    () => office.discardAll({}),
  ];
  for (const call of calls) {
    const error: unknown = await call().catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(CRMOutboxError);
    expect(error).toMatchObject({ message: 'the notifier is closed', retryable: false });
  }
}

function lastingContract(open: Open, start: StartCrm): void {
  it('keeps what is pending for the next start, and its dead letters', async () => {
    const crm = await start(neverAnswer);
    const batch = inLanes('a', 'b', 'a');
    const before = open({ baseUrl: crm.url });
    await before.accept(batch);
    await crm.waitFor(2);
    expect(await before.close(1)).toEqual({ delivered: 0, pending: 3, dead: 0 });
    crm.answerWith(reply(422));
    const after = open({ baseUrl: crm.url });
    expect((await after.hear('dead', 3)).map(({ id }) => id).sort()).toEqual(ids(batch).sort());
    await after.close(1_000);
    expect(await open({}).listDead({ limit: 10 })).toHaveLength(3);
  });
}

function contractOnDisk(open: Open): void {
  describe('that a newer version has written', () => {
    const openNewer = async (): Promise<ObservedOffice> => {
      const openFile = loadSqlite();
      return open({
        beforeOpening(file) {
          const database = openFile(file);
          database.exec('PRAGMA user_version = 99');
          database.close();
        },
      });
    };

    it('is never ready, with the reason', async () => {
      const office = await openNewer();
      const error: unknown = await office.ready().catch((refusal: unknown) => refusal);
      expect(error).toBeInstanceOf(CRMConfigError);
      expect(error).toMatchObject({
        issues: [{ path: 'outbox (CRM_OUTBOX)', message: expect.stringContaining('newer') as string }],
      });
    });

    it('takes nothing for good, says so once, and can be closed', async () => {
      const office = await openNewer();
      for (let round = 0; round < 2; round += 1) {
        expect(await office.accept(sampleNotifications(1))).toMatchObject([{ accepted: false, reason: 'closed' }]);
      }
      expect(office.told('outboxFailed')).toMatchObject([{ operation: 'open', error: { code: 'ERR_CRM_CONFIG' } }]);
      expect(await office.close(1_000)).toEqual({ delivered: 0, pending: 0, dead: 0 });
      expect(office.closedCount).toBe(1);
    });
  });
}
