import { copyFileSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { closeUpLog, isLogBroken } from './broken-log.js';
import { isCutToNothing, revealRows } from './file-header.js';
import { type FileIdentity, inodeOf } from './file-identity.js';
import { makeMissingFile } from './lock-file.js';
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

/**
 * Sets a damaged file aside under a new name, with a fresh one in its place that holds what could be read of it. The fresh
 * one is complete and on disk before the damaged one is moved, so a crash at any point costs nothing: see `finishRepair`.
 * Only one process at a time may do this.
 */
export function repair({ open, file, from, now }: RepairOptions): Repair {
  const mending = `${file}-mending`;
  removeWithCompanions(mending);
  makeMissingFile(mending);
  const fresh = open(mending);
  // SQLite would take one that was cut to nothing for a new one, and delete its log.
  const kept = from ?? (isCutToNothing(file) ? undefined : open(file));
  try {
    let salvaged: Salvage;
    try {
      migrate(fresh);
      if (kept !== undefined) keepOthersOut(kept);
      salvaged = from === undefined ? salvageByCopy({ open, file, mending, fresh }) : salvage(from, fresh);
    } finally {
      fresh.close();
    }
    renameSync(mending, mendedName(file));
    return { ...salvaged, asideName: finishRepair(file, now) };
  } finally {
    if (kept !== undefined) letOthersIn(kept);
    if (from === undefined) kept?.close();
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

/** Moves out of the way what belongs to a file that is gone, as far as it is still there, and not the file that is there now. */
export function setLogAside(file: string, { log, shared }: FileIdentity, now: number): string | undefined {
  const own = { '-wal': log, '-shm': shared };
  const endings = (['-wal', '-shm'] as const).filter(
    (ending) => own[ending] !== undefined && inodeOf(`${file}${ending}`) === own[ending],
  );
  return endings.length === 0 ? undefined : moveAside(file, now, endings);
}

/** Removes what was set aside, once nothing in it is missing elsewhere; not a directory, which is none of ours. */
export function removeAside(asideName: string): void {
  removeWithCompanions(asideName);
}

function moveAside(file: string, now: number, endings: readonly string[]): string {
  const asideName = freeAsideName(file, now);
  for (const ending of endings) {
    if (inodeOf(`${file}${ending}`) !== undefined) renameSync(`${file}${ending}`, `${asideName}${ending}`);
  }
  return asideName;
}

/** A name for what is set aside that nothing has yet. */
export function freeAsideName(file: string, now: number): string {
  let asideName = `${file}-aside-${String(now)}`;
  while (['', ...companions].some((ending) => inodeOf(`${asideName}${ending}`) !== undefined)) asideName += '-again';
  return asideName;
}

function mendedName(file: string): string {
  return `${file}-mended`;
}

/** What SQLite keeps beside a file. */
const companions = ['-wal', '-shm', '-journal'];

export interface SalvageByCopyOptions {
  readonly open: OpenSqlite;
  /** The damaged file. Nothing in it is changed. */
  readonly file: string;
  readonly fresh: SqliteDatabase;
  /** The file of the fresh one. */
  readonly mending: string;
}

/**
 * Copies what can be read of a damaged file into a fresh one. To be read to its end it has to be changed, so that is done to a
 * copy: the file may be somebody else's after all.
 *
 * Behind a broken place of the log there may be newer pages than before it. Both states are taken: what was delivered
 * meanwhile is delivered once more.
 */
function salvageByCopy({ open, file, fresh, mending }: SalvageByCopyOptions): Salvage {
  const copy = `${file}-reading`;
  const read = (): Salvage => {
    revealRows(copy, mending);
    const from = open(copy);
    try {
      return salvage(from, fresh);
    } finally {
      from.close();
    }
  };
  try {
    makeCopy(file, copy);
    const upToBreak = read();
    if (!isLogBroken(file)) return upToBreak;
    makeCopy(file, copy);
    closeUpLog(copy);
    const behind = read();
    return { pending: upToBreak.pending + behind.pending, dead: upToBreak.dead + behind.dead, isIncomplete: true };
  } finally {
    removeWithCompanions(copy);
  }
}

function makeCopy(file: string, copy: string): void {
  removeWithCompanions(copy);
  for (const ending of ['', '-wal']) {
    if (existsSync(`${file}${ending}`)) copyFileSync(`${file}${ending}`, `${copy}${ending}`);
  }
}

/** Removes a file and what SQLite keeps beside it; not a directory. */
function removeWithCompanions(file: string): void {
  for (const ending of ['', ...companions]) {
    if (lstatSync(`${file}${ending}`, { throwIfNoEntry: false })?.isDirectory() !== true)
      rmSync(`${file}${ending}`, { force: true });
  }
}
