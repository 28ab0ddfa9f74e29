import { existsSync, renameSync, rmSync } from 'node:fs';
import { revealRows } from './first-page.js';
import { makeMissingFile } from './make-missing-file.js';
import { leavePositionsFree, salvage, type Salvage } from './salvage.js';
import { migrate } from './schema.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-driver.js';

export interface RepairOptions {
  readonly open: OpenSqlite;
  /** The outbox's file, which is damaged. */
  readonly file: string;
  /** For the name of what is set aside, in milliseconds since 1970. */
  readonly now: number;
  /** No lower position is given out in the mended file. */
  readonly lastPosition: number;
}

export interface Repair extends Salvage {
  /** The damaged file's new name. */
  readonly asideName: string;
}

// What SQLite keeps beside a file.
const companions = ['-wal', '-shm', '-journal'];

/**
 * Sets a damaged file aside under a new name, with a fresh one in its place that holds what could be read of it. The fresh
 * one is complete and on disk before the damaged one is moved, so a crash at any point costs nothing: see `finishRepair`.
 * Only one process at a time may do this.
 */
export function repair({ open, file, now, lastPosition }: RepairOptions): Repair {
  const mending = `${file}-mending`;
  for (const suffix of ['', ...companions]) rmSync(`${mending}${suffix}`, { force: true });
  makeMissingFile(mending);
  const fresh = open(mending);
  let from: SqliteDatabase | undefined;
  try {
    let salvaged: Salvage;
    try {
      migrate(fresh);
      revealRows(file, mending);
      from = open(file);
      keepOthersOut(from);
      salvaged = salvage(from, fresh);
      leavePositionsFree(fresh, lastPosition);
    } finally {
      fresh.close();
    }
    renameSync(mending, mendedName(file));
    return { ...salvaged, asideName: finishRepair(file, now) };
  } finally {
    if (from !== undefined) letOthersIn(from);
    from?.close();
  }
}

/**
 * Until the file has been moved: what another process commits to it after it was read would be in no file that is found.
 * From then on such a process sees that its file is another one.
 */
function keepOthersOut(damaged: SqliteDatabase): void {
  try {
    damaged.exec('PRAGMA busy_timeout = 5000');
    damaged.exec('BEGIN IMMEDIATE');
  } catch {
    // Too damaged for that; then nobody else can write to it either.
  }
}

/** Said outright: a connection that is closed keeps its locks until its statements are collected as garbage. */
function letOthersIn(damaged: SqliteDatabase): void {
  try {
    damaged.exec('ROLLBACK');
  } catch {
    // Nobody was kept out.
  }
}

/** Whether a repair ended between its two last steps. */
export function isRepairUnfinished(file: string): boolean {
  return existsSync(mendedName(file));
}

/** Puts the mended file in its place; answers the damaged one's new name. */
export function finishRepair(file: string, now: number): string {
  const asideName = setAside(file, now);
  renameSync(mendedName(file), file);
  return asideName;
}

/** Moves a file out of the way, with what belongs to it; answers its new name. */
export function setAside(file: string, now: number): string {
  return moveAside(file, now, ['', ...companions]);
}

/** Moves what belongs to a file out of the way, and not the file. */
export function setLogAside(file: string, now: number): void {
  moveAside(file, now, companions);
}

function moveAside(file: string, now: number, endings: readonly string[]): string {
  let asideName = `${file}-aside-${String(now)}`;
  while (['', ...companions].some((ending) => existsSync(`${asideName}${ending}`))) asideName += '-again';
  for (const ending of endings) {
    if (existsSync(`${file}${ending}`)) renameSync(`${file}${ending}`, `${asideName}${ending}`);
  }
  return asideName;
}

function mendedName(file: string): string {
  return `${file}-mended`;
}
