import { chmodSync, existsSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { leavePositionsFree, salvage, type Salvage } from './salvage.js';
import { migrate } from './schema.js';
import type { OpenSqlite } from './sqlite-driver.js';

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
  revealLog(file);
  const fresh = open(mending);
  let salvaged: Salvage;
  try {
    migrate(fresh);
    const from = open(file);
    try {
      salvaged = salvage(from, fresh);
    } finally {
      from.close();
    }
    leavePositionsFree(fresh, lastPosition);
  } finally {
    fresh.close();
  }
  chmodSync(mending, 0o600);
  renameSync(mending, mendedName(file));
  return { ...salvaged, asideName: finishRepair(file, now) };
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

/** Moves a file out of the way, with what belongs to it. */
export function setAside(file: string, now: number): string {
  let asideName = `${file}-aside-${String(now)}`;
  while (existsSync(asideName)) asideName += '-again';
  for (const suffix of ['', ...companions]) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${asideName}${suffix}`);
  }
  return asideName;
}

/** To SQLite a file of no length means that its log is of no use, and it deletes it; the log may be all there is. */
function revealLog(file: string): void {
  if (statSync(file).size === 0 && hasLog(file)) truncateSync(file, 4096);
}

/** Whether there is a log beside the file with something in it. */
export function hasLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function mendedName(file: string): string {
  return `${file}-mended`;
}
