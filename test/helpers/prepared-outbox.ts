import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AcceptedNotification, DeadLetter, Outbox, PendingNotification } from '../../src/outbox/outbox.js';
import { createDeliveryLock } from '../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { sampleNotification } from './sample-notification.js';
import { openOutboxIn } from './sqlite-outbox.js';

/** An outbox on the disk as a notifier leaves it, and what was put into it. */
export interface PreparedOutbox {
  readonly directory: string;
  /** Every notification, once for each target, pending and dead, in the order of acceptance; the dead ones came first. */
  readonly notifications: readonly AcceptedNotification[];
  readonly deadCount: number;
}

export interface PreparedOptions {
  readonly count?: number;
  readonly deadCount?: number;
  /** Each notification is for all of them. */
  readonly targets?: readonly string[];
  /** Leaves the log beside the file, as a process does that is killed. */
  readonly withLog?: boolean;
}

const laneCount = 20;

/** Fills an outbox in a new directory. */
export async function prepareOutbox(
  directory: string,
  { count = 200, deadCount = 5, withLog = false, targets = ['crm'] }: PreparedOptions = {},
): Promise<PreparedOutbox> {
  const working = withLog ? `${directory}-working` : directory;
  mkdirSync(working);
  const notifications = preparedNotifications(count + deadCount, targets);
  const deadEntries = deadCount * targets.length;
  const outbox = await openOutboxIn(working);
  const lock = createDeliveryLock(loadSqlite(), join(working, 'outbox.db'));
  lock.tryAcquire();
  // Whoever delivers it by the computer's clock must not find it too old.
  const at = Date.now();
  const toDie = outbox.append(notifications.slice(0, deadEntries), undefined, at) ?? [];
  const reason = { kind: 'rejected', status: 422, detail: 'no' } as const;
  outbox.settle(
    toDie.map(({ target, id, position }) => {
      return { kind: 'dead', target, id, position, attempts: 1, diedAt: at, reason };
    }),
  );
  for (let from = deadEntries; from < notifications.length; from += 10)
    outbox.append(notifications.slice(from, from + 10), undefined, at);
  if (withLog) copyOutbox(working, directory);
  outbox.close();
  lock.release();
  return { directory, notifications, deadCount: deadEntries };
}

/** Notifications, each for all targets: most are small, and every 20th does not fit on one page. */
export function preparedNotifications(count: number, targets: readonly string[] = ['crm']): AcceptedNotification[] {
  return Array.from({ length: count }, (_, index) => {
    const notification = sampleNotification({
      lane: `booking:${String(index % laneCount)}`,
      body: Buffer.from(JSON.stringify({ index, text: 'x'.repeat(index % 20 === 0 ? 9_000 : 300) })),
    });
    return targets.map((target) => ({ ...notification, target }));
  }).flat();
}

/** Copies an outbox with all that belongs to it, into a new directory. */
export function copyOutbox(from: string, to: string): string {
  mkdirSync(to);
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
  return to;
}

export interface Held {
  readonly pending: readonly PendingNotification[];
  readonly dead: readonly DeadLetter[];
}

/** Reads everything, target by target and page by page. */
export function readEverything(outbox: Outbox): Held {
  const pending = outbox.targets().flatMap((target) => {
    const found: PendingNotification[] = [];
    for (let page = outbox.readAfter(target, 0, 64); page.length > 0;) {
      found.push(...page);
      page = outbox.readAfter(target, page.at(-1)!.position, 64);
    }
    return found;
  });
  const dead: DeadLetter[] = [];
  for (let page = outbox.listDead({ limit: 3 }); page.length > 0;) {
    dead.push(...page);
    page = outbox.listDead({ limit: 3, before: dead.at(-1)!.position });
  }
  return { pending, dead };
}

/** The names of the damaged files that were kept, without those of their logs. */
export function asideNamesIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.includes('-aside-') && !/-(wal|shm|journal)$/.test(name));
}

export function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

/** The bytes of a file of an outbox. */
export function bytesOf(directory: string, name = 'outbox.db'): Buffer {
  return readFileSync(join(directory, name));
}
