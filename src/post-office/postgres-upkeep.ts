import type { Clock } from '../core/clock.js';
import type { PostgresServer } from '../outbox/postgres/postgres-server.js';
import type { ProcessRow } from '../outbox/postgres/process-row.js';
import { expireDead } from '../outbox/postgres/dead-letters.js';
import type { TableName } from '../outbox/postgres/postgres-outbox.js';
import type { FailureReporter } from './opening.js';

export interface PostgresUpkeepOptions {
  readonly server: PostgresServer;
  readonly table: TableName;
  readonly row: ProcessRow;
  readonly clock: Clock;
  readonly deadRetentionMs: number;
  readonly failures: FailureReporter;
  readonly isLeading: () => boolean;
  /** Called with the server's time, in milliseconds since 1970. */
  readonly onSeen: (serverNow: number) => void;
}

const seeEveryMs = 5_000;
const expireEveryMs = 3_600_000;
/** A statement with this many takes a few milliseconds. */
const expireAtOnce = 500;

/** Shows every few seconds that this process is there; while it leads, removes the oldest dead letters. Returns what stops it. */
export function startPostgresUpkeep(options: PostgresUpkeepOptions): () => Promise<void> {
  const { server, table, row, clock, deadRetentionMs, failures } = options;
  let cancel: (() => void) | undefined;
  let isStopped = false;
  let expiredAtMs = -Infinity;
  let working: Promise<void> | undefined;

  const expire = async (): Promise<void> => {
    if (!options.isLeading() || clock.monotonicMs() - expiredAtMs < expireEveryMs) return;
    // If there are more, the rest follows the next time.
    if ((await expireDead(server.run, table, deadRetentionMs, expireAtOnce)) === expireAtOnce) return;
    expiredAtMs = clock.monotonicMs();
  };

  const work = async (): Promise<void> => {
    try {
      options.onSeen(await row.see());
      await expire();
      failures.worked('maintain');
    } catch (error) {
      failures.failed('maintain', error);
    }
    if (!isStopped) cancel = clock.after(seeEveryMs, start);
  };

  const start = (): void => {
    working = work();
  };

  start();
  return async () => {
    isStopped = true;
    cancel?.();
    await working;
    // If that fails, the row is left out soon, because it is not seen any more.
    await row.remove().catch(() => undefined);
  };
}
