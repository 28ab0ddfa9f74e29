import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { CRMNotificationError, NotificationInput, Receipt } from '../../src/index.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { notificationIn, passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

describe('a receipt', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  const errorOf = (receipt: Receipt): CRMNotificationError => {
    if (receipt.accepted) throw new Error('accepted');
    return receipt.error;
  };

  it('has the id under which the CRM hears of it', async () => {
    const crm = await start();
    const { notifier, hear } = create({ baseUrl: crm.url });
    const receipts = await Promise.all([
      notifier.notify(notificationIn('a')),
      notifier.notifyBooking({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' }),
      notifier.notifyEvent({ eventId: 101, userId: 123, action: 'updated' }),
    ]);
    await hear('delivered', 3);
    const ids = receipts.map((receipt) => receipt.accepted && receipt.id);
    expect(new Set(crm.received.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(ids));
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[what: string, input: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'moved'],
    ['an empty object', {}],
    ['an id that is none', { ...notificationIn('a'), userId: -1 }],
    ['a type that is none', { ...notificationIn('a'), notificationType: 'user moved\r\n' }],
    ['circular data', { ...notificationIn('a'), additionalData: circular }],
    ['a BigInt', { ...notificationIn('a'), additionalData: { price: 1n } }],
    ['a revoked proxy', revoked.proxy],
    ['revoked data', { ...notificationIn('a'), additionalData: revoked.proxy }],
    [
      'a getter that throws',
      {
        ...notificationIn('a'),
        get message() {
          throw new Error('secret-of-the-app');
        },
      },
    ],
    ['too much', { ...notificationIn('a'), additionalData: { text: 'x'.repeat(70_000) } }],
  ])('says why nothing was accepted, and never rejects: %s', async (_what, input) => {
    const crm = await start();
    const { notifier, told, log, stats } = create({ baseUrl: crm.url });
    const calls = [notifier.notify, notifier.notifyBooking, notifier.notifyEvent] as ((
      given: unknown,
    ) => Promise<Receipt>)[];
    for (const call of calls) {
      const error = errorOf(await call(input));
      expect(error).toMatchObject({ code: 'ERR_CRM_VALIDATION', retryable: false });
      expect(inspect(error)).not.toContain('secret-of-the-app');
    }
    expect(told('rejected')).toHaveLength(3);
    expect(log.at('warn')).toHaveLength(3);
    expect(await stats()).toMatchObject({ accepted: 0, rejected: 3, pending: 0 });
    expect(crm.received).toEqual([]);
  });

  it('is of what was given, whatever becomes of the object afterwards (case 23)', async () => {
    const crm = await start();
    const { notifier, hear } = create({ baseUrl: crm.url });
    const input: NotificationInput & { message: string } = { ...notificationIn('a'), message: 'before' };
    const receipt = notifier.notify(input);
    input.message = 'after';
    expect((await receipt).accepted).toBe(true);
    await hear('delivered');
    expect(crm.received[0]?.json).toMatchObject({ message: 'before' });
  });

  it('says so when the outbox cannot be opened, as ready() and an event do', async () => {
    // What SQLite wants to write beside the file is in the way.
    mkdirSync(join(directory(), 'outbox.db-journal'));
    const { notifier, ready, told, close, log } = create({ outbox: directory(), holdMs: 5 });
    await expect(ready()).rejects.toThrow();
    const receipts = await Promise.all([notifier.notify(notificationIn('a')), notifier.notify(notificationIn('b'))]);
    for (const receipt of receipts) {
      expect(receipt).toMatchObject({ accepted: true, isStored: false, id: expect.any(String) });
    }
    expect(told('outboxFailed')).toMatchObject([{ operation: 'open', error: { code: 'ERR_SQLITE_ERROR' } }]);
    expect(log.at('error').map(({ message }) => message)).toEqual([
      expect.stringContaining('open failed'),
      expect.stringContaining('has not responded within holdMs (5)'),
    ]);
    expect(await notifier.stats()).toMatchObject({ isOutboxReadable: false, unsaved: 2, pending: 0 });
    expect(await close()).toEqual({ delivered: 0, pending: 0, dead: 0 });
    expect(told('rejected')).toHaveLength(2);
    for (const receipt of receipts) {
      const outcome = receipt.accepted && !receipt.isStored ? await receipt.outcome : receipt;
      expect(errorOf(outcome)).toMatchObject({ code: 'ERR_CRM_OUTBOX' });
    }
  });

  it('of a burst is never a refusal of what is stored a moment later (A14)', async () => {
    const clock = createOwnedClock();
    const crm = await start(() => undefined);
    const { notifier, ready, stats, log } = create({ baseUrl: crm.url, outbox: directory(), clock, holdMs: 1_000 });
    await ready();
    const other = loadSqlite()(join(directory(), 'outbox.db'));
    other.exec("CREATE TRIGGER refuse BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'no'); END");

    const given = Array.from({ length: 10_000 }, (_, index) => notifier.notify(notificationIn(`lane:${index}`)));
    const receipts = await passTimeUntil(Promise.all(given), clock);
    other.exec('DROP TRIGGER refuse');
    other.close();
    const outcomes = receipts.map(async (receipt) =>
      receipt.accepted && !receipt.isStored ? receipt.outcome : undefined,
    );
    const known = await passTimeUntil(Promise.all(outcomes), clock);

    const ids = receipts.map((receipt) => receipt.accepted && receipt.id);
    expect(new Set(ids).size).toBe(10_000);
    expect(known).toEqual(ids.map((id) => ({ accepted: true, id, isStored: true })));
    expect(await stats()).toMatchObject({ accepted: 10_000, rejected: 0, unsaved: 0, pending: 10_000 });
    expect(log.at('warn')).toEqual([]);
  });
});
