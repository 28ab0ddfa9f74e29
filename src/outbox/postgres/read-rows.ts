import type { PendingNotification } from '../outbox.js';
import type { OutboxTables } from './schema.js';
import type { RunSql, SqlRow } from './postgres-server.js';
import { markedRows, takeWanted, type WantedRow } from './wanted-rows.js';

/** A pending row, without a position in the window. */
export interface PendingRow extends Omit<PendingNotification, 'position'> {
  readonly seq: number;
  /** The `seq` of the row before it in its lane; undefined if there was none, or if the lane was read by itself. */
  readonly before: number | undefined;
}

/** What a statement saw of the server: which transactions, and since when it runs. */
export interface Sight {
  /** No transaction from this id on was visible. */
  readonly xmax: string;
  /** Earlier ones that were still under way. */
  readonly underWay: readonly string[];
  /** In seconds since 1970; changes when the server is restarted, or another one takes its place. A text would with the time zone, too. */
  readonly serverStart: number;
}

export interface ReadNewRows {
  /** Everything that the last sight showed up to this `seq` is known. */
  readonly after: number;
  /** Undefined at first. */
  readonly sight: Sight | undefined;
  readonly limit: number;
  /** There is no row up to this `seq` that another one of its lane should follow. */
  readonly nothingUpTo: number;
}

export interface NewRows {
  /** In the order of `seq`. */
  readonly rows: readonly PendingRow[];
  /** The `after` of the next call. */
  readonly after: number;
  /** Whether all that was visible has been read. */
  readonly isAll: boolean;
  /** The `seq` of the first row that was there for this call, read or waiting; undefined if none was. */
  readonly first: number | undefined;
  readonly sight: Sight;
}

/** One lane of one target. */
export interface LaneName {
  readonly target: string;
  readonly lane: string;
}

export interface RowReader {
  /**
   * Reads what follows `after`, and what became visible since the last sight though it has an earlier `seq`: each row once,
   * whenever its transaction commits. Leaves out lanes whose head waits for its next attempt.
   */
  readNew(options: ReadNewRows): Promise<NewRows>;
  /**
   * The lanes whose head was waiting and is due now, soonest due first, without these heads; how long until the next; and whether
   * somebody wants any to be tried at once.
   */
  readDueLanes(known: readonly string[], limit: number): Promise<LanesThatAreDue>;
  /** The first rows of each lane after this `seq`. */
  readLanes(lanes: readonly (LaneName & { readonly after: number })[]): Promise<readonly PendingRow[]>;
  /** Those that somebody wants to be tried at once, each time once. */
  takeWanted(): Promise<readonly WantedRow[]>;
}

export interface LanesThatAreDue {
  readonly lanes: readonly LaneName[];
  readonly nextInMs: number | undefined;
  readonly hasWanted: boolean;
}

export interface RowReaderOptions {
  readonly run: RunSql;
  readonly tables: OutboxTables;
  /** The clock that the rows' instants are given in; on the server they are of the server's. */
  readonly now: () => number;
  /** Nothing waits longer than this for its next attempt, whatever the row says. */
  readonly maxWaitMs: number;
  /** The one whose rows are read. */
  readonly target: string;
}

/** Of one page, so that memory stays bounded whatever the bodies are. */
const maxPageBytes = 4 * 1024 * 1024;
/** Rows that became visible late are few. */
const maxLate = 500;
/** Later than any transaction, or than any row. */
const never = '9223372036854775807';
const rowsPerLane = 16;
const maxLaneBytes = 256 * 1024;

export function createRowReader({ run, tables, now, maxWaitMs, target }: RowReaderOptions): RowReader {
  const { pending, state } = tables;
  // While this process leads, its lease has not run out: past that, the server's clock has just jumped, and the lease does not say
  // so yet. By hand somebody may have written what is not finite.
  const leaseEnd = `greatest((SELECT coalesce(leads_until, 'infinity') FROM ${state} WHERE is_row), 'epoch'::timestamptz)`;
  const acceptedFrom = `greatest(p.accepted_at, (SELECT ages_from FROM ${state} WHERE is_row), 'epoch'::timestamptz)`;
  // As a double, because arithmetic with numeric takes most of the time of a page.
  const columns = `p.seq, p.id, p.target, p.type, p.lane, p.occurred_at, p.attempts, p.traceparent, p.body,
    date_part('epoch', least(clock_timestamp(), ${leaseEnd}) - least(clock_timestamp(), ${leaseEnd}, ${acceptedFrom})) * 1000 AS age_ms`;
  /** The last row before `p` in its lane, from a place on. */
  const before = (row: string, from: string, which = 'true'): string => `(
    SELECT ${row}.seq FROM ${pending} ${row} WHERE (${row}.lane, ${row}.target, ${row}.seq) < (p.lane, p.target, p.seq)
       AND (${row}.lane, ${row}.target, ${row}.seq) > (p.lane, p.target, ${from}) AND ${which}
     ORDER BY ${row}.lane DESC, ${row}.target DESC, ${row}.seq DESC LIMIT 1)`;
  // `IS NULL` the server takes for rare, and compiles for half a second what it then expects to run for long.
  const isLaneFree = `p.due_at IS NULL AND coalesce(${before('w', '0', 'w.due_at IS NOT NULL')}, 0) <= 0`;
  const rowBefore = `${before('b', '$5')} AS before`;
  const bounded = `SELECT * FROM (SELECT q.*, sum(octet_length(q.body)) OVER (ORDER BY q.seq) AS bytes FROM`;
  // Whatever is looked for is ordered and cut, so that only the index in that order will do: a server that believes the table to
  // be empty may take any, and pass all the dead rows.
  const newRows = `
    WITH late AS MATERIALIZED (
      ${bounded} (SELECT l.* FROM unnest($2::xid8[], $3::xid8[]) AS unseen (first, last) CROSS JOIN LATERAL (
        SELECT ${columns}, ${rowBefore}, ${isLaneFree} AS is_free FROM ${pending} p
         WHERE p.xid >= unseen.first AND p.xid <= least(unseen.last, pg_snapshot_xmax(pg_current_snapshot())) AND p.seq <= $1
           AND p.target = $6::text
         ORDER BY p.xid, p.seq LIMIT ${String(maxLate)}
        ) l LIMIT ${String(maxLate)}) q) r WHERE r.bytes - octet_length(r.body) < ${String(maxPageBytes)}
    ), following AS MATERIALIZED (
      ${bounded} (SELECT ${columns}, ${rowBefore}, true AS is_free FROM ${pending} p
        WHERE p.seq > $1 AND p.target = $6::text AND ${isLaneFree}
        ORDER BY p.seq LIMIT $4) q) r WHERE r.bytes - octet_length(r.body) < ${String(maxPageBytes)}
    ), found AS (
      SELECT * FROM late UNION ALL SELECT * FROM following
    )
    SELECT f.seq, f.id, f.target, f.type, f.lane, f.occurred_at, f.attempts, f.traceparent, f.body, f.age_ms, f.before, f.is_free,
           CASE WHEN f.number = 1 THEN jsonb_build_array(
             pg_current_snapshot(), date_part('epoch', pg_postmaster_start_time()),
             (SELECT p.seq FROM ${pending} p WHERE p.seq > $1 ORDER BY p.seq LIMIT 1),
             (SELECT p.seq FROM ${pending} p WHERE p.seq > $1 ORDER BY p.seq DESC LIMIT 1)
           ) END AS seen
      FROM (SELECT found.*, row_number() OVER (ORDER BY found.seq) AS number FROM (SELECT) one LEFT JOIN found ON true) f
     ORDER BY f.number`;

  const rowFrom = (row: SqlRow): PendingRow => {
    const body = Buffer.from(row['body'] as string);
    const before: unknown = row['before'] ?? undefined;
    const acceptedAt = Math.round(now() - Math.max(0, Number(row['age_ms'])));
    return {
      seq: Number(row['seq']),
      before: before === undefined ? undefined : Number(before),
      target: row['target'] as string,
      id: row['id'] as string,
      type: row['type'] as string,
      lane: row['lane'] as string,
      occurredAt: Number(row['occurred_at']),
      acceptedAt,
      attempts: Number(row['attempts']),
      nextAttemptAt: 0,
      traceparent: (row['traceparent'] as string | null) ?? undefined,
      body,
    };
  };

  return {
    async readNew({ after, sight, limit, nothingUpTo }) {
      const { xmax, underWay } = sight ?? { xmax: never, underWay: [] };
      const unseen = [
        [...underWay, xmax],
        [...underWay, never],
      ];
      const found = await run(newRows, [after, ...unseen, limit, nothingUpTo, target], { name: 'crm_new' });
      const { firstSeq, lastSeq, ...newSight } = seenFrom(found[0]);
      const all = found.filter((row) => row['seq'] !== null);
      const lateCount = all.findIndex((row) => Number(row['seq']) > after);
      const late = lateCount === -1 ? all : all.slice(0, lateCount);
      // Too many were late, and these need not be the first of their lanes: all is read again, page by page.
      if (late.length >= maxLate || bytesOf(late) >= maxPageBytes) {
        return { rows: [], after: 0, isAll: false, first: 1, sight: newSight };
      }
      const following = all.slice(late.length);
      const isAll = following.length < limit && bytesOf(following) < maxPageBytes;
      const rows = all.filter((row) => row['is_free'] === true).map(rowFrom);
      const readTo = isAll ? lastSeq : rows.at(-1)?.seq;
      const first = late[0] === undefined ? firstSeq : Number(late[0]['seq']);
      return { rows, after: Math.max(after, readTo ?? 0), isAll, first, sight: newSight };
    },

    async readDueLanes(known, limit) {
      const found = await run(
        `SELECT n.next_in_ms, n.has_wanted, d.lane, d.target FROM (
           SELECT EXISTS (${markedRows(tables, '$4')}) AS has_wanted, (SELECT extract(epoch FROM p.due_at - clock_timestamp()) * 1000 FROM ${pending} p
                    WHERE p.due_at > clock_timestamp() AND isfinite(p.due_at) ORDER BY p.due_at LIMIT 1) AS next_in_ms
         ) n LEFT JOIN (
           (SELECT p.lane, p.target, p.due_at FROM ${pending} p
             WHERE p.due_at <= clock_timestamp() AND p.target = $4::text AND p.id <> ALL ($1::uuid[])
             ORDER BY p.due_at LIMIT $2)
           UNION ALL
           (SELECT p.lane, p.target, p.due_at FROM ${pending} p
             WHERE p.due_at > clock_timestamp() + $3 * interval '1 millisecond' AND isfinite(p.due_at)
               AND p.target = $4::text AND p.id <> ALL ($1::uuid[])
             ORDER BY p.due_at LIMIT $2)
         ) d ON true ORDER BY d.due_at LIMIT greatest($2::integer, 1)`,
        [known, limit, maxWaitMs, target],
        { name: 'crm_due' },
      );
      const nextInMs: unknown = found[0]?.['next_in_ms'] ?? undefined;
      return {
        lanes: found
          .filter((row) => row['lane'] !== null)
          .map((row) => ({ lane: row['lane'] as string, target: row['target'] as string })),
        nextInMs: nextInMs === undefined ? undefined : Number(nextInMs),
        hasWanted: found[0]?.['has_wanted'] === true,
      };
    },

    async readLanes(lanes) {
      const found = await run(
        `SELECT r.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS l (lane, target, after) CROSS JOIN LATERAL (
           ${bounded} (SELECT ${columns} FROM ${pending} p
             WHERE (p.lane, p.target, p.seq) > (l.lane, l.target, l.after)
               AND (p.lane, p.target, p.seq) <= (l.lane, l.target, ${never})
             ORDER BY p.lane, p.target, p.seq LIMIT ${String(rowsPerLane)}) q
         ) b WHERE b.bytes - octet_length(b.body) < ${String(maxLaneBytes)}) r ORDER BY r.seq`,
        [lanes.map(({ lane }) => lane), lanes.map(({ target }) => target), lanes.map(({ after }) => after)],
        { name: 'crm_lanes' },
      );
      return found.map(rowFrom);
    },

    takeWanted: () => takeWanted(run, tables, target),
  };
}

/** What a page shows beside its rows. */
interface Seen extends Sight {
  /** Of the rows after the page's `after`. */
  readonly firstSeq: number | undefined;
  readonly lastSeq: number | undefined;
}

/** A snapshot is `xmin:xmax:xip_list`, https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS */
function seenFrom(row: SqlRow | undefined): Seen {
  const [snapshot, serverStart, first, last] = row?.['seen'] as [string, number, number | null, number | null];
  const [, xmax = '0', underWay = ''] = snapshot.split(':');
  const sight = { xmax, underWay: underWay === '' ? [] : underWay.split(','), serverStart };
  return { ...sight, firstSeq: first ?? undefined, lastSeq: last ?? undefined };
}

function bytesOf(rows: readonly SqlRow[]): number {
  return rows.reduce((sum, { body }) => sum + Buffer.byteLength(body as string), 0);
}
