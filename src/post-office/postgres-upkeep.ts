import type { Clock } from '../core/clock.js';
import type { PostgresServer } from '../outbox/postgres/postgres-server.js';
import { expireDead } from '../outbox/postgres/dead-letters.js';
import type { TableName } from '../outbox/postgres/postgres-outbox.js';
import type { FailureReporter } from './opening.js';

export interface PostgresUpkeepOptions {
  readonly server: PostgresServer;
  readonly table: TableName;
  readonly clock: Clock;
  readonly deadRetentionMs: number;
  readonly failures: FailureReporter;
  readonly isLeading: () => boolean;
}

const lookEveryMs = 5_000;
const expireEveryMs = 3_600_000;
/** A statement with this many takes a few milliseconds. */
const expireAtOnce = 500;

/** While this process leads, removes the oldest dead letters. Returns what stops it. */
export function startPostgresUpkeep(options: PostgresUpkeepOptions): () => Promise<void> {
  const { server, table, clock, deadRetentionMs, failures } = options;
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
      await expire();
      failures.worked('maintain');
    } catch (error) {
      failures.failed('maintain', error);
    }
    if (!isStopped) cancel = clock.after(lookEveryMs, start);
  };

  const start = (): void => {
    working = work();
  };

  start();
  return async () => {
    isStopped = true;
    cancel?.();
    await working;
  };
}
