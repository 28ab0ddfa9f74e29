import { fromText, toText } from '../outbox/sqlite/rows.js';
import type { SqliteDatabase, SqliteRow, SqliteValue } from '../outbox/sqlite/sqlite-driver.js';
import type { DeliveredFilter, DeliveredNotification } from './history.js';

/** What is read of the delivered notifications that are kept. */
export interface DeliveredReading {
  readDelivered(id: string): readonly DeliveredNotification[];
  /** Those of a piece that match, newest first, at most so many; and where to go on. */
  searchDelivered(piece: DeliveredPiece, most: number): DeliveredFound;
  /** How many of a piece match, and where the next one begins. */
  countDelivered(piece: DeliveredPiece): DeliveredCount;
}

/** The newest `size` of those before a position, of which the matching ones are read. */
export interface DeliveredPiece extends DeliveredFilter {
  /** @default after the newest one */
  readonly before?: number | undefined;
  readonly size: number;
  /** Those that were delivered before this instant are left out. */
  readonly keptFrom: number;
}

export interface DeliveredFound {
  readonly delivered: readonly DeliveredNotification[];
  /** The `before` of what follows; undefined at the end. */
  readonly next: number | undefined;
}

export interface DeliveredCount extends Pick<DeliveredFound, 'next'> {
  readonly count: number;
}

export function prepareDeliveredReading(database: SqliteDatabase): DeliveredReading {
  const selectById = database.prepare('SELECT * FROM delivered WHERE id = ? ORDER BY position');
  const ofPiece = `FROM (SELECT * FROM delivered WHERE position < ?7 ORDER BY position DESC LIMIT ?8)`;
  // SQLite's `lower` changes a to z alone.
  const contains = ['id', 'type', 'lane', 'status'].map((text) => `instr(lower(${text}), lower(?1)) > 0`).join(' OR ');
  const matches = `delivered_at >= ?5 AND delivered_at < ?6 AND (?2 IS NULL OR target = ?2)
    AND (?3 IS NULL OR type = ?3) AND (?4 IS NULL OR lane = ?4) AND (?1 = '' OR ${contains})`;
  const select = database.prepare(`SELECT * ${ofPiece} WHERE ${matches} LIMIT ?9`);
  const count = database.prepare(
    `SELECT coalesce(sum(${matches}), 0) AS count, count(*) AS size, min(position) AS last ${ofPiece}`,
  );

  const countDelivered = (piece: DeliveredPiece): DeliveredCount => {
    const row = count.get(...valuesOf(piece)) as SqliteRow;
    return { count: Number(row['count']), next: Number(row['size']) < piece.size ? undefined : Number(row['last']) };
  };

  return {
    readDelivered: (id) => selectById.all(toText(id)).map((row) => deliveredOf(row as SqliteRow)),
    searchDelivered(piece, most) {
      const delivered = select.all(...valuesOf(piece), most).map((row) => deliveredOf(row as SqliteRow));
      const isCut = delivered.length === most;
      return { delivered, next: isCut ? delivered.at(-1)?.position : countDelivered(piece).next };
    },
    countDelivered,
  };
}

function valuesOf(piece: DeliveredPiece): readonly SqliteValue[] {
  const { search = '', target, type, lane, from = 0, to = Infinity, keptFrom, before = Infinity, size } = piece;
  const [targetText, laneText] = [target, lane].map((text) => (text === undefined ? null : toText(text)));
  const instants = [wholeIn(Math.max(from, keptFrom)), wholeIn(to)];
  return [toText(search), targetText ?? null, type ?? null, laneText ?? null, ...instants, wholeIn(before), size];
}

/** As SQLite takes it. */
function wholeIn(instant: number): number {
  return Math.min(Math.max(Math.ceil(instant), 0), Number.MAX_SAFE_INTEGER);
}

function deliveredOf(row: SqliteRow): DeliveredNotification {
  return {
    id: fromText(String(row['id'])),
    target: fromText(String(row['target'])),
    type: String(row['type']),
    lane: fromText(String(row['lane'])),
    acceptedAt: Number(row['accepted_at']),
    deliveredAt: Number(row['delivered_at']),
    attempts: Number(row['attempts']),
    status: Number(row['status']),
    durationMs: Number(row['duration_ms']),
    position: Number(row['position']),
  };
}
