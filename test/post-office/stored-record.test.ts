import { join } from 'node:path';
import type { NotifierOptions } from '../../src/index.js';
import { loadSqlite, type SqliteValue } from '../../src/outbox/sqlite/sqlite-driver.js';
import { testToken, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { sampleNotification } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useCrm } from '../helpers/use-crm.js';

const injected = '\r\nHost: evil.example\r\nX-Injected: yes';

describe('a stored record that somebody has edited (case 73)', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  /** Stores an odd one, a good one behind it in its lane and another in a lane of its own; then a notifier finds them. */
  const deliver = async (column: string, value: SqliteValue, options: NotifierOptions): Promise<ObservedNotifier> => {
    const outbox = await openOutboxIn(directory());
    outbox.append([
      sampleNotification({ lane: 'a', occurredAt: clock.now() }),
      sampleNotification({ lane: 'a', occurredAt: clock.now() }),
      sampleNotification({ lane: 'b', occurredAt: clock.now() }),
    ]);
    outbox.close();
    const database = loadSqlite()(join(directory(), 'outbox.db'));
    database.prepare(`UPDATE pending SET ${column} = ? WHERE position = 1`).run(value);
    database.close();
    const notifier = create({ outbox: directory(), sync: 'normal', clock, ...options });
    await notifier.ready();
    return notifier;
  };
  const outcomesOf = async (notifier: ObservedNotifier, count: number): Promise<void> => {
    const told = (): number => notifier.told('delivered').length + notifier.told('dead').length;
    // A minute is far more than any back-off here.
    for (let waitedMs = 0; told() < count && waitedMs < 60_000; waitedMs += 100) await clock.advance(100);
    expect(told()).toBe(count);
  };

  it.each<[what: string, column: string, value: SqliteValue, isSent: boolean]>([
    ['an id with a line break', 'id', `x${injected}`, false],
    ['an id of nothing', 'id', '', false],
    ['an id of 10 KB', 'id', 'x'.repeat(10_240), false],
    ['an id beyond Latin-1', 'id', 'Grüße \u{1F9D8}', false],
    ['a traceparent with a line break', 'traceparent', `00-a${injected}`, true],
    ['a traceparent beyond Latin-1', 'traceparent', '\u{1F9D8}', true],
    ['a lane of nothing', 'lane', '', true],
    ['negative attempts', 'attempts', -5, true],
    ['attempts beyond counting', 'attempts', Number.MAX_SAFE_INTEGER - 1, true],
    ['a next attempt in the far future', 'next_attempt_at', 8.64e15, true],
    ['a next attempt before all time', 'next_attempt_at', -8.64e15, true],
    ['an acceptance before all time', 'accepted_at', -8.64e15, true],
    ['an odd type', 'type', `odd${injected}`, true],
  ])('neither reaches the request nor holds up others: %s', async (_what, column, value, isSent) => {
    const crm = await start();
    const retry = { firstDelayMs: 10, maxDelayMs: 10, maxRetryAfterMs: 10 };
    const notifier = await deliver(column, value, { baseUrl: `${crm.url}/base`, retry });
    await outcomesOf(notifier, 3);
    expect(notifier.told('dead')).toHaveLength(isSent ? 0 : 1);
    expect(crm.received).toHaveLength(isSent ? 3 : 2);
    for (const { url, headers } of crm.received) {
      expect(url).toBe('/base/notify');
      expect(headers.host).toBe(new URL(crm.url).host);
      expect(headers.authorization).toBe(`Bearer ${testToken}`);
      expect(headers).not.toHaveProperty('x-injected');
    }
    expect(await notifier.stats()).toMatchObject({ pending: 0, circuit: 'closed' });
  });
});
