import type { Clock } from '../../core/clock.js';
import type { DeliveryOutbox } from '../delivery-outbox.js';
import type { PendingNotification, Settlement } from '../outbox.js';
import type { RunSql } from './postgres-server.js';
import { createRowReader } from './read-rows.js';
import type { OutboxTables } from './schema.js';
import { createRowWindow } from './window.js';
import { createWindowFiller, type WindowFiller, type WindowFillerOptions } from './window-filler.js';
import { readingOf } from './window-reading.js';
import { createWindowSettler } from './window-settler.js';

/** What the leader has in memory of one target's rows: a window that is kept full, and settled through. */
export interface TargetWindow extends Pick<WindowFiller, 'start' | 'stop' | 'readSoon' | 'readNow'> {
  readonly reading: Pick<DeliveryOutbox, 'readAfter' | 'nextInLane' | 'readDue'>;
  settle(settlements: readonly Settlement[]): Promise<void>;
}

export interface TargetWindowOptions extends Pick<
  WindowFillerOptions,
  'maxRows' | 'pollMs' | 'onFailure' | 'onSuccess' | 'onServerRestart'
> {
  readonly target: string;
  readonly run: RunSql;
  readonly tables: OutboxTables;
  readonly processId: string;
  readonly clock: Clock;
  /** The clock of instants in memory. */
  readonly now: () => number;
  /** Nothing waits longer than this for its next attempt. */
  readonly maxWaitMs: number;
  readonly onArrived: (arrived: readonly PendingNotification[]) => void;
  /** Somebody wants these to be tried at once. */
  readonly onWanted: (ids: readonly string[]) => void;
}

export function createTargetWindow(options: TargetWindowOptions): TargetWindow {
  const { target, run, tables, processId, clock, now, maxWaitMs } = options;
  const window = createRowWindow();
  const filler = createWindowFiller({
    ...options,
    reader: createRowReader({ run, tables, now, maxWaitMs, target }),
    window,
    isSettled: (row) => settler.isSettled(row),
  });
  const settler = createWindowSettler({ window, filler, clock, run, tables, processId, now });
  return {
    reading: readingOf(window),
    settle: (settlements) => settler.settle(settlements),
    start: () => {
      filler.start();
    },
    stop() {
      filler.stop();
      settler.stop();
    },
    readSoon: () => {
      filler.readSoon();
    },
    readNow: () => filler.readNow(),
  };
}
