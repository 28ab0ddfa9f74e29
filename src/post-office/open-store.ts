import type { Clock } from '../core/clock.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { RunNative } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { openLocalStore } from './local-store.js';
import type { FailureReporter } from './opening.js';
import type { PostOfficeSettings } from './post-office.js';
import { openPostgresStore } from './postgres-store.js';
import type { Store } from './store.js';

export interface OpenStoreOptions {
  readonly settings: PostOfficeSettings;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  readonly failures: FailureReporter;
  readonly onRepaired: (error: Error) => void;
  /** In a thread, runs its native calls; see `thread-gates.ts`. */
  readonly runNative: RunNative | undefined;
  /** Called when the window on a server has got something new. */
  readonly onArrived: (arrived: readonly PendingNotification[]) => void;
}

/** Opens the store that the settings name. */
export function openStore(options: OpenStoreOptions): Promise<Store> {
  const { place } = options.settings;
  if (place.kind === 'postgres') return openPostgresStore({ ...options, outbox: place });
  return openLocalStore({ ...options, file: place.kind === 'file' ? place.file : undefined });
}
