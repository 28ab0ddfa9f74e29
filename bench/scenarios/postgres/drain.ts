import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fillOutbox } from '../../fill-outbox.js';
import { withClient, type BenchPostgres } from '../../postgres.js';
import { startProgram } from '../../program.js';

/** Delivering what is pending at the start. */
export interface Drain {
  readonly outbox: 'file' | 'postgres';
  readonly pending: number;
  readonly delivered: number;
  /** From `createNotifier` to the open outbox, and to the first arrival. */
  readonly readyMs: number;
  readonly firstArrivalMs: number;
  /** From the second tenth of what is delivered to its end. */
  readonly perSecond: number;
  /** The most that the process grew by. */
  readonly memoryBytes: number;
}

/** With as many pending in a file and in PostgreSQL, in turn, delivers so many of them. */
export async function compareDrains(
  postgres: BenchPostgres,
  pending: number,
  delivered: number,
  rounds: number,
  say: (line: string) => void,
): Promise<Drain[]> {
  const drains: Drain[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const outbox of ['file', 'postgres'] as const) {
      const drain = await (outbox === 'file'
        ? fromFile(pending, delivered)
        : fromPostgres(postgres, pending, delivered));
      drains.push(drain);
      say(
        `${round}/${rounds} ${outbox}: ready ${drain.readyMs.toFixed(0)}  first ${drain.firstArrivalMs.toFixed(0)} ms  ` +
          `${drain.perSecond.toFixed(0)}/s  ${(drain.memoryBytes / 2 ** 20).toFixed(0)} MB`,
      );
    }
  }
  return drains;
}

async function fromFile(pending: number, delivered: number): Promise<Drain> {
  const directory = mkdtempSync('/var/tmp/bench-');
  fillOutbox(join(directory, 'outbox'), pending);
  const drain = await deliver({ DIRECTORY: join(directory, 'outbox') }, delivered);
  rmSync(directory, { recursive: true, force: true });
  return { outbox: 'file', pending, ...drain };
}

async function fromPostgres(postgres: BenchPostgres, pending: number, delivered: number): Promise<Drain> {
  const url = await postgres.createAppDatabase();
  await createTables(url);
  await fillTable(url, pending);
  return { outbox: 'postgres', pending, ...(await deliver({ POSTGRES: url }, delivered)) };
}

/** An app's first start makes them. */
async function createTables(url: string): Promise<void> {
  // It delivers nothing, because nothing is there; the address only has to be one.
  const app = await startProgram('deliver-pending.mjs', { COLLECTOR: 'http://127.0.0.1:9', POSTGRES: url });
  await app.call('close');
  await app.kill();
}

/** Each third is of a lane of its own, as in `fillOutbox`. */
async function fillTable(url: string, count: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(
      `INSERT INTO crm_outbox (id, target, type, lane, occurred_at, body)
       SELECT i.id, 'crm', 'booking_created', 'booking:' || i.n / 3, $1::bigint,
              format('{"notification_id":"%s","notification_type":"booking_created","user_id":123,"message":"Booking %s created",'
                '"timestamp":"2026-11-24T01:02:03.004Z","additional_data":{"booking_id":%s,"session_id":789,"action":"created"}}',
                i.id, i.n, i.n)
         FROM (SELECT n, ('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
                 FROM generate_series(1, $2::integer) AS n) i`,
      [Date.now(), count],
    );
    // So that the rounds do not differ by whether the server has just done either by itself.
    await client.query('VACUUM ANALYZE crm_outbox');
    await client.query('CHECKPOINT');
  });
}

interface Count {
  readonly distinct: number;
  /** In milliseconds since 1970. */
  readonly firstAt: number;
}

async function deliver(
  place: Readonly<Record<string, string>>,
  goal: number,
): Promise<Omit<Drain, 'outbox' | 'pending'>> {
  const collector = await startProgram('collector.mjs');
  const sender = await startProgram('deliver-pending.mjs', {
    COLLECTOR: `http://127.0.0.1:${collector.port}`,
    ...place,
  });
  let memoryBytes = 0;
  const until = async (count: number): Promise<Count & { atMs: number }> => {
    for (;;) {
      const now = (await collector.call('count')) as Count;
      memoryBytes = Math.max(memoryBytes, (await sender.call('memory')) as number);
      if (now.distinct >= count) return { ...now, atMs: performance.now() };
      await pause(10);
    }
  };
  const from = await until(goal / 10);
  const to = await until(goal);
  const { readyMs, startedAt } = (await sender.call('opening')) as { readyMs: number; startedAt: number };
  await Promise.all([sender.kill(), collector.kill()]);
  return {
    delivered: to.distinct,
    readyMs,
    firstArrivalMs: to.firstAt - startedAt,
    perSecond: ((to.distinct - from.distinct) / (to.atMs - from.atMs)) * 1_000,
    memoryBytes,
  };
}
