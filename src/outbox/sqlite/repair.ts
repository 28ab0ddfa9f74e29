import { existsSync, renameSync, rmSync } from 'node:fs';
import { replaceFirstPage } from './file-header.js';
import { inodeOf, makeMissingFile, type FileIdentity } from './outbox-files.js';
import { salvage, type Salvage } from './salvage.js';
import { migrate } from './schema.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-driver.js';

export interface RepairOptions {
  readonly open: OpenSqlite;
  /** The outbox's file, which is damaged or has lost its log. */
  readonly file: string;
  /** A connection that reads more of it than a new one would. It stays open. @default a new one */
  readonly from?: SqliteDatabase | undefined;
  /** For the name of what is set aside, in milliseconds since 1970. */
  readonly now: number;
}

export interface Repair extends Salvage {
  /** The damaged file's new name. */
  readonly asideName: string;
}

// What SQLite keeps beside a file.
const companions = ['-wal', '-shm', '-journal'];

/**
 * Sets a damaged file aside under a new name, and puts a fresh one in its place with everything that could be read. The fresh one
 * is complete and on disk before the damaged one is moved, so a crash at any point costs nothing: see `finishRepair`. Only one
 * process at a time may do this.
 */
export function repair({ open, file, from: given, now }: RepairOptions): Repair {
  const mending = `${file}-mending`;
  for (const suffix of ['', ...companions]) rmSync(`${mending}${suffix}`, { force: true });
  makeMissingFile(mending);
  const fresh = open(mending);
  let from = given;
  try {
    let salvaged: Salvage;
    try {
      migrate(fresh);
      if (from === undefined) {
        replaceFirstPage(file, mending);
        from = open(file);
      }
      keepOthersOut(from);
      salvaged = salvage(from, fresh);
    } finally {
      fresh.close();
    }
    renameSync(mending, mendedName(file));
    return { ...salvaged, asideName: finishRepair(file, now) };
  } finally {
    if (from !== undefined) letOthersIn(from);
    if (given === undefined) from?.close();
  }
}

/**
 * Until the file has been moved: what another process committed after it was read would end up in a file that nobody opens.
 * After that, such a process sees that its file is another one.
 */
function keepOthersOut(damaged: SqliteDatabase): void {
  try {
    damaged.exec('PRAGMA busy_timeout = 5000');
    damaged.exec('BEGIN IMMEDIATE');
  } catch {
    // Too damaged for that; then nobody else can write to it either.
  }
}

/** Explicitly: a closed connection keeps its locks until its statements are collected as garbage. */
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

/** Puts the mended file in its place. Returns the damaged one's new name. */
export function finishRepair(file: string, now: number): string {
  const asideName = setAside(file, now);
  renameSync(mendedName(file), file);
  return asideName;
}

/** Moves a file out of the way, with what belongs to it. Returns its new name. */
export function setAside(file: string, now: number): string {
  return moveAside(file, now, ['', ...companions]);
}

/** Moves out of the way what is left beside a file that is gone, but not what belongs to the file that is there now. */
export function setLogAside(file: string, { log, shared }: FileIdentity, now: number): string | undefined {
  const own = { '-wal': log, '-shm': shared };
  const endings = (['-wal', '-shm'] as const).filter(
    (ending) => own[ending] !== undefined && inodeOf(`${file}${ending}`) === own[ending],
  );
  return endings.length === 0 ? undefined : moveAside(file, now, endings);
}

/** Removes what was set aside, once nothing in it is missing elsewhere. */
export function removeAside(asideName: string): void {
  for (const ending of ['', ...companions]) rmSync(`${asideName}${ending}`, { force: true });
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
