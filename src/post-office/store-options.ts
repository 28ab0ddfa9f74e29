import type { Clock } from '../core/clock.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { RunNative } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import type { FailureReporter } from './opening.js';
import type { PostOfficeSettings } from './post-office.js';

/** What every store is opened with, wherever it is. */
export interface StoreOptions {
  readonly settings: PostOfficeSettings;
  readonly clock: Clock;
  readonly logger: Pick<Required<Logger>, 'info' | 'warn'>;
  readonly failures: FailureReporter;
  /** Aborted when closing has taken its time: what then still waits for a server is cut off. */
  readonly signal: AbortSignal;
  readonly onRepaired: (error: Error) => void;
  /** In a thread, runs its native calls; see `thread-gates.ts`. */
  readonly runNative: RunNative | undefined;
  /** Called when the window on a server has got something new. */
  readonly onArrived: (arrived: readonly PendingNotification[]) => void;
  /** Called when another process wants these of a server to be tried at once; those of a file delivery finds by itself. */
  readonly onWanted: (target: string, ids: readonly string[]) => void;
}
