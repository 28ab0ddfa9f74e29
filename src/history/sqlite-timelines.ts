import { type IdsLike, prepareIdsLike } from '../outbox/sqlite/ids-like.js';
import { fromText, toText } from '../outbox/sqlite/rows.js';
import type { SqliteDatabase, SqliteRow } from '../outbox/sqlite/sqlite-driver.js';
import { byHandCondition } from './by-hand.js';
import {
  changeKinds,
  type Changes,
  entriesKeptMs,
  firstKept,
  type HistoryReport,
  type KeptDelivered,
  type KeptTimeline,
  latestKept,
  maxEntries,
  maxLatestChanges,
  maxOfAll,
  mayHaveMany,
  type TimelineEntry,
  type TimelineKind,
} from './history.js';
import { type DeliveredReading, prepareDeliveredReading } from './sqlite-delivered.js';

/** Made beside what earlier versions have made. */
export const timelineTables = `
  CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    type TEXT NOT NULL,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    status INTEGER,
    code TEXT,
    duration_ms REAL,
    detail TEXT NOT NULL,
    by TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entry_of_id ON entry (id, target);
  CREATE TABLE IF NOT EXISTS delivered (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    type TEXT NOT NULL,
    lane TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    delivered_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    status INTEGER NOT NULL,
    duration_ms REAL NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS delivered_by_id ON delivered (id);`;

/** What is read of the timelines. */
export interface TimelineReading extends DeliveredReading {
  /** Ids that begin or end with a text, of notifications of which anything is kept: see `IdsLike`. */
  readonly idsLike: IdsLike;
  readTimeline(id: string, from: number): KeptTimeline;
  readChanges(from: number): Changes;
}

type Added = Pick<HistoryReport, 'entries' | 'delivered'>;

/** Returns a function that adds to the timelines, and drops what is too much or too old. Call it within a transaction. */
export function prepareTimelineWriting(
  database: SqliteDatabase,
): (added: Added, now: number, kept: KeptDelivered) => void {
  const insertEntry = database.prepare(
    `INSERT INTO entry (id, target, type, lane, kind, at, last_at, count, attempts, status, code, duration_ms, detail, by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // Probes that were never sent are one row, with how many they are.
  const addProbes = database.prepare(
    `UPDATE entry SET count = count + ?1, last_at = ?2, duration_ms = ?3
     WHERE position = (SELECT max(position) FROM entry WHERE id = ?4 AND target = ?5) AND kind = 'unsent' AND code = ?6`,
  );
  const removeMiddle = database.prepare(
    `DELETE FROM entry WHERE position IN (
       SELECT position FROM entry WHERE id = ?1 AND target = ?2 ORDER BY position LIMIT -1 OFFSET ${String(firstKept)}
     ) AND position NOT IN (
       SELECT position FROM entry WHERE id = ?1 AND target = ?2 ORDER BY position DESC LIMIT ${String(latestKept)}
     )`,
  );
  const removeSurplus = database.prepare(
    `DELETE FROM entry WHERE position <= (SELECT max(position) FROM entry) - ${String(maxEntries)}`,
  );
  // In the order of their positions, which is about that of the instants: an index would be one more page to write.
  const removeOld = database.prepare(
    `DELETE FROM entry WHERE last_at < ? AND position IN (SELECT position FROM entry ORDER BY position LIMIT 1000)`,
  );
  const insertDelivered = database.prepare(
    `INSERT INTO delivered (id, target, type, lane, accepted_at, delivered_at, attempts, status, duration_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const removeSurplusDelivered = database.prepare(
    'DELETE FROM delivered WHERE position <= (SELECT max(position) FROM delivered) - ?',
  );
  const removeOldDelivered = database.prepare(
    'DELETE FROM delivered WHERE delivered_at < ? AND position IN (SELECT position FROM delivered ORDER BY position LIMIT 1000)',
  );

  const addEntry = (entry: TimelineEntry): void => {
    const { kind, at, lastAt, count, attempts, status, code, durationMs } = entry;
    const [id, target] = [toText(entry.id), toText(entry.target)];
    if (kind === 'unsent' && Number(addProbes.run(count, lastAt, durationMs, id, target, code).changes) > 0) return;
    const about = [id, target, entry.type, toText(entry.lane), kind, Math.round(at), Math.round(lastAt)];
    const by = entry.by === null ? null : toText(entry.by);
    insertEntry.run(...about, count, attempts, status, code, durationMs, toText(entry.detail), by);
  };

  return ({ entries, delivered }, now, { count, ms }) => {
    for (const entry of entries) addEntry(entry);
    const many = new Map(entries.filter(mayHaveMany).map((entry) => [`${entry.id} ${entry.target}`, entry]));
    for (const { id, target } of many.values()) removeMiddle.run(toText(id), toText(target));
    for (const one of delivered) {
      const { id, target, type, lane, acceptedAt, deliveredAt, attempts, status, durationMs } = one;
      const about = [toText(id), toText(target), type, toText(lane), Math.round(acceptedAt), Math.round(deliveredAt)];
      insertDelivered.run(...about, attempts, status, durationMs);
    }
    removeSurplus.run();
    removeOld.run(now - entriesKeptMs);
    removeSurplusDelivered.run(count);
    removeOldDelivered.run(now - ms);
  };
}

/** Prepares nothing yet: a file of an earlier version has no such tables until the next process writes to it. */
export function createTimelineReading(database: SqliteDatabase): TimelineReading {
  let prepared: TimelineReading | undefined;
  const reading = (): TimelineReading => (prepared ??= prepareReading(database));
  return {
    idsLike: (part, limit) => reading().idsLike(part, limit),
    readTimeline: (id, from) => reading().readTimeline(id, from),
    readChanges: (from) => reading().readChanges(from),
    readDelivered: (id) => reading().readDelivered(id),
    searchDelivered: (piece, most) => reading().searchDelivered(piece, most),
    countDelivered: (piece) => reading().countDelivered(piece),
  };
}

function prepareReading(database: SqliteDatabase): TimelineReading {
  const selectEntries = database.prepare(`SELECT * FROM entry WHERE id = ? AND id <> '' ORDER BY position`);
  const selectOfAll = database.prepare(
    `SELECT * FROM entry WHERE id = '' AND at >= ? ORDER BY position DESC LIMIT ${String(maxOfAll)}`,
  );
  const kinds = changeKinds.map((kind) => `'${kind}'`).join(', ');
  const sumChanges = database.prepare(
    `SELECT kind, sum(count) AS count FROM entry WHERE kind IN (${kinds}) AND at >= ? GROUP BY kind`,
  );
  const selectChanges = database.prepare(
    `SELECT * FROM entry WHERE ${byHandCondition('entry', '?')} ORDER BY position DESC LIMIT ${String(maxLatestChanges)}`,
  );
  const ofDelivered = prepareDeliveredReading(database);
  return {
    idsLike: prepareIdsLike(database, ['entry', 'delivered']),
    readTimeline(id, from) {
      const rows = [...selectEntries.all(toText(id)), ...selectOfAll.all(Math.round(from)).reverse()];
      return {
        entries: rows.map((row) => entryOf(row as SqliteRow)),
        delivered: ofDelivered.readDelivered(id),
      };
    },
    readChanges(from) {
      const sums = (sumChanges.all(Math.round(from)) as SqliteRow[]).map(({ kind, count }) => [kind, Number(count)]);
      const latest = selectChanges.all(Math.round(from)).map((row) => entryOf(row as SqliteRow));
      return { redelivered: 0, discarded: 0, ...(Object.fromEntries(sums) as object), latest };
    },
    ...ofDelivered,
  };
}

function entryOf(row: SqliteRow): TimelineEntry {
  const { code, status, duration_ms: durationMs, by } = row;
  return {
    id: fromText(String(row['id'])),
    target: fromText(String(row['target'])),
    type: String(row['type']),
    lane: fromText(String(row['lane'])),
    kind: row['kind'] as TimelineKind,
    at: Number(row['at']),
    lastAt: Number(row['last_at']),
    count: Number(row['count']),
    attempts: Number(row['attempts']),
    status: status === null ? null : Number(status),
    code: typeof code === 'string' ? code : null,
    durationMs: durationMs === null ? null : Number(durationMs),
    detail: fromText(String(row['detail'])),
    by: typeof by === 'string' ? fromText(by) : null,
  };
}
