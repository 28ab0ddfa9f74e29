import { targetLimit } from './rows.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** The targets of a file that may be damaged, or of an earlier version. All names are in their stored form. */
export interface SalvagedTargets {
  /** The SQL expression to select as a row's target. */
  readonly column: string;
  /** The target of a row, even if its name is damaged. */
  readonly nameFor: (row: SqliteRow, table: 'pending' | 'dead') => string;
  /** The last position that each ever used, as far as known. */
  readonly lastPositions: ReadonlyMap<string, number>;
}

/** Before there were several targets, everything was for the CRM. It has been number 0 since. */
const firstTarget = 'crm';

/**
 * A target's name is in each of its rows and in the tally, and a pending row's key contains its number, so any one of these may
 * be damaged. A row with an unknown name belongs to the target whose number it has, or whose name differs in a single character.
 */
export function readTargets(from: SqliteDatabase): SalvagedTargets {
  if (isWithoutTargets(from)) {
    const last = rowsOf(from, "SELECT seq FROM sqlite_sequence WHERE name = 'pending'")[0]?.['seq'];
    return {
      column: `'${firstTarget}'`,
      nameFor: () => firstTarget,
      lastPositions: positionsIn([[firstTarget, last]]),
    };
  }
  const counted = rowsOf(from, 'SELECT number, target, last_position FROM tally');
  const names = new Map<unknown, string>([[0, firstTarget]]);
  for (const { number, target } of counted) if (number !== 0) names.set(number, nameOf(from, number, target));
  const known = new Set(names.values());
  return {
    column: 'target',
    nameFor({ position, target }, table) {
      const name = String(target);
      if (known.has(name)) return name;
      const numbered = table === 'pending' ? names.get(Math.floor(Number(position) / targetLimit)) : undefined;
      if (numbered !== undefined) return numbered;
      const similar = [...known].filter((other) => differsInOne(name, other));
      return similar.length === 1 ? (similar[0] ?? name) : name;
    },
    lastPositions: positionsIn(counted.map(({ number, last_position: last }) => [names.get(number), last])),
  };
}

/** Whether a file has schema 1 or 2, judging by its tables: its version number may be damaged. */
function isWithoutTargets(from: SqliteDatabase): boolean {
  const columns = rowsOf(from, "SELECT name FROM pragma_table_info('pending')");
  return columns.length > 0 && !columns.some(({ name }) => name === 'target');
}

/** The name in the tally, unless the oldest and the newest row agree on another one. */
function nameOf(from: SqliteDatabase, number: unknown, target: unknown): string {
  const base = Number(number) * targetLimit;
  const select = `SELECT position, target FROM pending
    WHERE position > ${String(base)} AND position < ${String(base + targetLimit)} ORDER BY position`;
  const [oldest] = rowsOf(from, `${select} LIMIT 1`);
  const [newest] = rowsOf(from, `${select} DESC LIMIT 1`);
  const isAgreed = oldest?.['target'] === newest?.['target'] && oldest?.['position'] !== newest?.['position'];
  return String(isAgreed ? newest?.['target'] : target);
}

function differsInOne(name: string, other: string): boolean {
  const count = Array.from({ length: name.length }, (_, at) => name[at] === other[at]).filter(
    (isSame) => !isSame,
  ).length;
  return name.length === other.length && count === 1;
}

function positionsIn(found: readonly (readonly [string | undefined, unknown])[]): Map<string, number> {
  const known = new Map<string, number>();
  for (const [name, last] of found) {
    const isPosition = typeof last === 'number' && last > 0 && last < targetLimit;
    if (name !== undefined && isPosition) known.set(name, last);
  }
  return known;
}

/** No rows if they cannot be read. */
function rowsOf(from: SqliteDatabase, query: string): SqliteRow[] {
  try {
    return from.prepare(query).all() as SqliteRow[];
  } catch {
    return [];
  }
}
