import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { loadSqlite, type SqliteRow } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { bytesOf, readEverything } from '../../helpers/prepared-outbox.js';
import { sampleAt, sampleNotifications } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

const pageSize = 4096;
/** When the fixture was made. */
const writtenAt = Date.parse('2026-11-24T01:02:03.004Z');

describe('an outbox file of schema 1', () => {
  const directory = useTempDirectory();
  let outbox: Outbox | undefined;
  beforeEach(() => {
    // As version 0.1.0 left it: twelve accepted, one delivered, two dead, three with attempts behind them.
    copyFileSync(join(__dirname, 'fixtures/schema-1.db'), join(directory(), 'outbox.db'));
  });
  afterEach(() => {
    outbox?.close();
    outbox = undefined;
  });
  const idOf = (number: number): string => `01990000-0000-7000-8000-${String(number).padStart(12, '0')}`;

  it('is read back whole once it is migrated', async () => {
    const complaints: Error[] = [];
    outbox = await openOutboxIn(directory(), 'normal', (error) => complaints.push(error));
    const { pending, dead } = readEverything(outbox);
    expect(pending.map(({ id, position }) => [id, position])).toEqual(
      [2, 3, 4, 7, 8, 9, 10, 11, 12].map((number) => [idOf(number), number]),
    );
    expect(pending[0]).toMatchObject({
      type: 'booking_cancelled',
      lane: 'booking:2',
      occurredAt: writtenAt + 2,
      acceptedAt: writtenAt + 2,
      attempts: 3,
      nextAttemptAt: writtenAt + 60_000,
    });
    expect(JSON.parse(Buffer.from(pending[0]!.body).toString())).toEqual({
      notification_id: idOf(2),
      number: 2,
      name: 'Zoë',
    });
    expect(pending[1]?.traceparent).toMatch(/^00-4bf9/);
    expect(dead).toMatchObject([
      { id: idOf(6), attempts: 4, reason: { kind: 'expired', detail: 'older than maxAgeMs' } },
      { id: idOf(5), attempts: 1, reason: { kind: 'rejected', status: 422, detail: 'no such booking' } },
    ]);
    expect(outbox.counts()).toMatchObject({ pending: 9, dead: 2, oldestAcceptedAt: writtenAt + 2 });
    expect(complaints).toEqual([]);
  });

  it('knows what waits for an instant, and goes on counting where it was', async () => {
    outbox = await openOutboxIn(directory());
    const due = outbox.readDue({ nextAttemptAt: 0, position: 0 }, Infinity, 10);
    expect(due.map(({ position, attempts }) => [position, attempts])).toEqual([
      [3, 1],
      [2, 3],
    ]);
    outbox.append(sampleNotifications(1));
    expect(outbox.readAfter(12, 10).map(({ position }) => position)).toEqual([13]);
    expect(outbox.redeliverOldest(12, 10, sampleAt)).toBe(2);
  });

  it('finds what is due by the index, without sorting', async () => {
    (await openOutboxIn(directory())).close();
    const database = (await loadSqlite())(join(directory(), 'outbox.db'));
    const plan = database
      .prepare(
        `EXPLAIN QUERY PLAN SELECT body FROM pending
         WHERE next_attempt_at > 0 AND next_attempt_at >= ?1 AND next_attempt_at <= ?3
           AND (next_attempt_at > ?1 OR position > ?2) ORDER BY next_attempt_at, position LIMIT ?4`,
      )
      .all(1, 1, 1, 1)
      .map((row) => String((row as SqliteRow)['detail']));
    database.close();
    expect(plan).toEqual([expect.stringContaining('USING INDEX pending_by_next_attempt (next_attempt_at>')]);
  });

  it('can be mended by a fresh first page once it is migrated', async () => {
    (await openOutboxIn(directory())).close();
    const fresh = join(directory(), 'fresh');
    (await openOutboxIn(fresh)).close();
    // The schema begins where its own count says; before it stands what differs from file to file.
    const schemaOf = (bytes: Buffer): string => bytes.subarray(100, pageSize).toString('hex');
    expect(schemaOf(bytesOf(directory()))).toBe(schemaOf(bytesOf(fresh)));
  });
});
