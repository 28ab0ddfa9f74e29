import { copyFileSync, existsSync, lstatSync, rmSync } from 'node:fs';
import { closeUpLog, isLogBroken } from './broken-log.js';
import { revealRows } from './first-page.js';
import { salvage, type Salvage } from './salvage.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-driver.js';

/** What SQLite keeps beside a file. */
export const companions = ['-wal', '-shm', '-journal'];

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
export function salvageByCopy({ open, file, fresh, mending }: SalvageByCopyOptions): Salvage {
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
export function removeWithCompanions(file: string): void {
  for (const ending of ['', ...companions]) {
    if (lstatSync(`${file}${ending}`, { throwIfNoEntry: false })?.isDirectory() !== true)
      rmSync(`${file}${ending}`, { force: true });
  }
}
