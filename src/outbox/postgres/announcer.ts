import type { CancelTimer, Clock } from '../../core/clock.js';
import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/**
 * Tells the leader that there is something new: NOTIFY on a connection of our own, once for what comes together, and never in
 * the app's transaction, where it would take a lock that all commits share.
 */
export interface Announcer {
  /** Fails silently: the leader also looks by itself. */
  announceSoon(): void;
  /** At once. Rejects when the server cannot be used. */
  announce(): Promise<unknown>;
}

export interface AnnouncerOptions {
  readonly run: RunSql;
  readonly tables: Pick<OutboxTables, 'channel'>;
  readonly clock: Clock;
}

/** What comes within this time of an announcement is announced together. */
const gatherMs = 5;

export function createAnnouncer({ run, tables, clock }: AnnouncerOptions): Announcer {
  let cancelAnnouncement: CancelTimer | undefined;
  let announcedAtMs = -Infinity;

  const announce = (): Promise<unknown> => run(`NOTIFY ${tables.channel}`);

  const announceNow = (): void => {
    cancelAnnouncement?.();
    cancelAnnouncement = undefined;
    announcedAtMs = clock.monotonicMs();
    announce().catch(() => undefined);
  };

  return {
    announceSoon() {
      const waitMs = gatherMs - (clock.monotonicMs() - announcedAtMs);
      if (waitMs <= 0) announceNow();
      else cancelAnnouncement ??= clock.after(waitMs, announceNow);
    },
    announce,
  };
}
