import { rollBack } from './roll-back.js';
import { copyFileSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { removeBrokenFrames, isLogBroken } from './broken-log.js';
import { isCutToNothing, replaceFirstPage } from './file-header.js';
import { type FileIdentity, inodeOf } from './file-identity.js';
import { makeMissingFile } from './lock-file.js';
import { salvage, sumOf, type Salvage } from './salvage.js';
import { migrate } from './schema.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-driver.js';

export interface RepairOptions {
  readonly open: OpenSqlite;
  /** The outbox's file, which is damaged or has lost its log. */
  readonly file: string;
  /** A connection that can read more of it than a new one. It stays open. @default a new one */
  readonly from?: SqliteDatabase | undefined;
  /** Goes into the name of what is set aside; in milliseconds since 1970. */
  readonly now: number;
}

export interface Repair extends Salvage {
  /** The damaged file's new name. */
  readonly asideName: string;
}

/**
 * Sets a damaged file aside under a new name, and puts a fresh one in its place with what could be read of it. The fresh one
 * is complete and on disk before the damaged one is moved, so a crash at any point loses nothing: see `finishRepair`. Only one
 * process at a time may do this.
 */
export function repair({ open, file, from, now }: RepairOptions): Repair {
  const mending = `${file}-mending`;
  removeWithCompanions(mending);
  makeMissingFile(mending);
  const fresh = open(mending);
  // SQLite would take a file that was cut to nothing for a new one, and delete its log.
  const locked = from ?? (isCutToNothing(file) ? undefined : open(file));
  try {
    let salvaged: Salvage;
    try {
      migrate(fresh);
      if (locked !== undefined) blockWriters(locked);
      salvaged = from === undefined ? salvageByCopy({ open, file, mending, fresh }) : salvage(from, fresh);
      if (isRepairUnfinished(file)) salvaged = sumOf(salvaged, salvageUnfinished(open, file, fresh));
    } finally {
      fresh.close();
    }
    renameSync(mending, mendedName(file));
    return { ...salvaged, asideName: finishRepair(file, now) };
  } finally {
    if (locked !== undefined) rollBack(locked);
    if (from === undefined) locked?.close();
  }
}

/**
 * Blocks other writers until the file is moved: what they commit to it after it was read would be lost. Once it is moved, they
 * notice that their file was replaced.
 */
function blockWriters(damaged: SqliteDatabase): void {
  try {
    damaged.exec('PRAGMA busy_timeout = 5000');
    damaged.exec('BEGIN IMMEDIATE');
  } catch {
    // Too damaged to be locked; then no other process can write to it either.
  }
}

/** Whether a repair was interrupted between its last steps. */
export function isRepairUnfinished(file: string): boolean {
  return existsSync(mendedName(file));
}

/** Copies what an interrupted repair had saved: another file may have been begun meanwhile. */
function salvageUnfinished(open: OpenSqlite, file: string, fresh: SqliteDatabase): Salvage {
  const mended = open(mendedName(file));
  try {
    return salvage(mended, fresh);
  } finally {
    mended.close();
  }
}

/** Puts the mended file in its place; returns the damaged one's new name. */
export function finishRepair(file: string, now: number): string {
  const asideName = setAside(file, now);
  renameSync(mendedName(file), file);
  return asideName;
}

/** Moves a file and what belongs to it out of the way; returns its new name. */
export function setAside(file: string, now: number): string {
  return moveAside(file, now, ['', ...companions]);
}

/** Moves what remains of a lost file's log out of the way, but not the files of the outbox that is there now. */
export function setLogAside(file: string, { log, shared }: FileIdentity, now: number): string | undefined {
  const own = { '-wal': log, '-shm': shared };
  const endings = (['-wal', '-shm'] as const).filter(
    (ending) => own[ending] !== undefined && inodeOf(`${file}${ending}`) === own[ending],
  );
  return endings.length === 0 ? undefined : moveAside(file, now, endings);
}

/** Removes what was set aside, once all of it is stored elsewhere; not a directory, which is not ours. */
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

/** An unused name for what is set aside. */
export function freeAsideName(file: string, now: number): string {
  let asideName = `${file}-aside-${String(now)}`;
  while (['', ...companions].some((ending) => inodeOf(`${asideName}${ending}`) !== undefined)) asideName += '-again';
  return asideName;
}

function mendedName(file: string): string {
  return `${file}-mended`;
}

/** The endings of the files that SQLite keeps beside a file. */
const companions = ['-wal', '-shm', '-journal'];

export interface SalvageByCopyOptions {
  readonly open: OpenSqlite;
  /** The damaged file. It is not changed. */
  readonly file: string;
  readonly fresh: SqliteDatabase;
  /** The path of the fresh file. */
  readonly mending: string;
}

/**
 * Copies what can be read of a damaged file into a fresh one. Reading it to its end requires changes, which are made to a copy:
 * the file may belong to another application after all.
 *
 * After a broken place, the log may have newer pages than before it. Both states are copied: what was delivered between them
 * is delivered once more.
 */
function salvageByCopy({ open, file, fresh, mending }: SalvageByCopyOptions): Salvage {
  const copy = `${file}-reading`;
  const read = (): Salvage => {
    replaceFirstPage(copy, mending);
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
    removeBrokenFrames(copy);
    const behind = read();
    return { ...sumOf(upToBreak, behind), isIncomplete: true };
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
