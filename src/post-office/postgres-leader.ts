import type { Clock } from '../core/clock.js';
import type { SteadyClock } from '../core/steady-clock.js';
import type { DeliveryOutbox } from '../outbox/delivery-outbox.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { Announcements } from '../outbox/postgres/announcements.js';
import { createLease } from '../outbox/postgres/lease.js';
import type { PostgresServer } from '../outbox/postgres/postgres-server.js';
import type { OutboxTables } from '../outbox/postgres/schema.js';
import { shiftWaits } from '../outbox/postgres/settle-rows.js';
import { createTargetWindow } from '../outbox/postgres/target-window.js';
import type { FailureReporter } from './opening.js';
import type { StoreOptions } from './store-options.js';
import type { DeliveryLeader } from './store.js';

export interface PostgresLeaderOptions {
  readonly server: PostgresServer;
  readonly tables: OutboxTables;
  readonly processId: string;
  /** The names of those that are delivered to. */
  readonly targets: readonly string[];
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  /** Nothing waits longer than this for its next attempt. */
  readonly maxWaitMs: number;
  readonly announcements: Pick<Announcements, 'start' | 'stop' | 'isHeard'>;
  readonly failures: FailureReporter;
  readonly onArrived: (arrived: readonly PendingNotification[]) => void;
  readonly onWanted: StoreOptions['onWanted'];
  readonly onJump: (jumpMs: number) => void;
  /** Called each time this process becomes the leader. */
  readonly onLeading: () => void;
  /** How many rows the window of each target holds. @default 4_096 */
  readonly maxRows?: number | undefined;
}

/** What a process has while it leads: the lease, and the window that its delivery reads from. */
export interface PostgresLeader {
  readonly leader: DeliveryLeader;
  readonly outbox: DeliveryOutbox;
  /** There may be something new. */
  readSoon(): void;
  /** Resolves to whether that found anything, or there is more than the window holds, for targets that are not paused. */
  readNow(isPaused: (target: string) => boolean): Promise<boolean>;
  stop(): void;
}

/** Without announcements the leader looks this often; with them, in case one is lost with its process. */
const pollMs = 100;
const pollBesidesMs = 250;

export function createPostgresLeader(options: PostgresLeaderOptions): PostgresLeader {
  const { server, tables, processId, clock, steady, maxWaitMs, announcements, failures, onArrived, onJump } = options;
  const { run } = server;
  const now = (): number => steady.now();
  let generation = 0;
  let hasNews = false;
  let isFilling = false;

  const lease = createLease({
    run,
    tables,
    processId,
    clock,
    onJump(jumpMs) {
      onJump(jumpMs);
      // What waits was to wait for a span. If this fails, it waits longer, but not for ever.
      if (jumpMs < 0) shiftWaits({ run, tables }, jumpMs).catch(() => undefined);
    },
  });
  // One that takes nothing must not fill the window of the others.
  const windows = new Map(
    options.targets.map((target) => [
      target,
      createTargetWindow({
        ...{ target, run, tables, processId, now, maxWaitMs, clock, maxRows: options.maxRows },
        pollMs: () => (announcements.isHeard ? pollBesidesMs : pollMs),
        onArrived(arrived) {
          hasNews = true;
          onArrived(arrived);
        },
        onWanted(ids) {
          options.onWanted(target, ids);
        },
        onFailure(error) {
          failures.failed('read', error);
        },
        onSuccess() {
          failures.worked('read');
        },
        onServerRestart: startOver,
      }),
    ]),
  );
  const all = [...windows.values()];
  const readNothing = { readAfter: () => [], nextInLane: () => undefined, readDue: () => [] };
  const readingOf = (target: string): Pick<DeliveryOutbox, 'readAfter' | 'nextInLane' | 'readDue'> =>
    windows.get(target)?.reading ?? readNothing;

  /** Reads everything anew. The delivery that has read the window so far starts nothing more; see `generation`. */
  function startOver(): void {
    generation += 1;
    for (const window of all) window.start();
  }

  /** What was read for an earlier lease is worth nothing: another process may have led in between. */
  const follow = (isLeading: boolean, isNewLease: boolean): boolean => {
    if (isLeading && (isNewLease || !isFilling)) startOver();
    if (isLeading !== isFilling) {
      isFilling = isLeading;
      if (isLeading) {
        announcements.start();
        options.onLeading();
      } else stop();
    }
    return isLeading;
  };

  const stop = (): void => {
    isFilling = false;
    for (const window of all) window.stop();
    announcements.stop();
  };

  return {
    leader: {
      async tryToLead() {
        const isNewLease = !lease.isValid();
        try {
          return follow(await lease.take(), isNewLease);
        } catch (error) {
          if (!lease.isValid()) follow(false, false);
          throw error;
        }
      },
      isLeading: () => lease.isValid(),
      async resign() {
        stop();
        await lease.giveUp();
      },
    },
    outbox: {
      readAfter: (target, ...place) => readingOf(target).readAfter(target, ...place),
      nextInLane: (target, ...place) => readingOf(target).nextInLane(target, ...place),
      readDue: (target, ...place) => readingOf(target).readDue(target, ...place),
      async settle(settlements) {
        const settled = [...windows].map(async ([target, window]) => {
          const own = settlements.filter((settlement) => settlement.target === target);
          if (own.length > 0) await window.settle(own);
        });
        await Promise.all(settled);
      },
      forgetsWaiting: true,
      hasForeignChanges() {
        const had = hasNews;
        hasNews = false;
        return had;
      },
      get generation() {
        return generation;
      },
    },
    readSoon: () => {
      for (const window of all) window.readSoon();
    },
    async readNow(isPaused) {
      const wanted = [...windows].filter(([target]) => !isPaused(target));
      return (await Promise.all(wanted.map(([, window]) => window.readNow()))).some((hasMore) => hasMore);
    },
    stop,
  };
}
