import { conditionOf } from '../outbox/sqlite/condition-of.js';
import { isLike, likePattern } from '../outbox/sqlite/like-pattern.js';
import { fromText, toText } from '../outbox/sqlite/rows.js';
import type { SqliteDatabase, SqliteRow, SqliteValue } from '../outbox/sqlite/sqlite-driver.js';
import { createStatementCache } from '../outbox/sqlite/statement-cache.js';
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

const columns = 'position, id, target, type, lane, accepted_at, delivered_at, attempts, status, duration_ms';
const ofPiece = `FROM (SELECT ${columns} FROM delivered WHERE position < ?8 ORDER BY position DESC LIMIT ?9)`;
const texts = ['id', 'type', 'lane', 'status'];
// What is like the text, which is found twice as fast, and then exactly what has it. SQLite's `lower` changes a to z alone.
const hasText = `(${isLike(texts, '?7')}) AND (${texts.map((text) => `instr(lower(${text}), lower(?1))`).join(' OR ')})`;

/** What the rows have to fulfil; its parameters are those of `valuesOf`. */
function matchesOf({ search, target, type, lane, to }: DeliveredPiece): string {
  return conditionOf([
    ['delivered_at >= ?5', true],
    ['delivered_at < ?6', to],
    ['target = ?2', target],
    ['type = ?3', type],
    ['lane = ?4', lane],
    [hasText, search],
  ]);
}

export function prepareDeliveredReading(database: SqliteDatabase): DeliveredReading {
  const selectById = database.prepare('SELECT * FROM delivered WHERE id = ? ORDER BY position');
  const prepared = createStatementCache(database);

  const countDelivered = (piece: DeliveredPiece): DeliveredCount => {
    const count = `SELECT count(*) FILTER (WHERE ${matchesOf(piece)}) AS count, count(*) AS size, min(position) AS last ${ofPiece}`;
    const row = prepared(count).get(...valuesOf(piece)) as SqliteRow;
    return { count: Number(row['count']), next: Number(row['size']) < piece.size ? undefined : Number(row['last']) };
  };

  return {
    readDelivered: (id) => selectById.all(toText(id)).map((row) => deliveredOf(row as SqliteRow)),
    searchDelivered(piece, most) {
      const select = `SELECT * ${ofPiece} WHERE ${matchesOf(piece)} LIMIT ?10`;
      const rows = prepared(select).all(...valuesOf(piece), most) as SqliteRow[];
      const delivered = rows.map(deliveredOf);
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
  const about = [targetText ?? null, type ?? null, laneText ?? null];
  return [toText(search), ...about, ...instants, likePattern(toText(search)), wholeIn(before), size];
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
