import type { Clock } from '../core/clock.js';
import { afterAwake } from '../core/time-limit.js';

export interface HangWatchOptions {
  readonly clock: Clock;
  /** Whether anything waits for the thread. */
  readonly isAwaited: () => boolean;
  /** Asks the thread for a sign of life. Returns false when there is no thread. */
  readonly ping: () => boolean;
  readonly onHang: () => void;
}

/** Detects that a thread hangs: something waits for it, and it has sent nothing for half a minute. */
export interface HangWatch {
  /** The thread has sent something, or another one was started. */
  onSign(): void;
  stop(): void;
}

const pingEveryMs = 1_000;
/** Longer than a disk stalls, and short enough to keep the backlog in memory. */
const hangAfterPings = 30;

export function watchForHang({ clock, isAwaited, ping, onHang }: HangWatchOptions): HangWatch {
  /** Counted only while this process is awake: if it was stopped, or the computer slept, nothing hangs. */
  let unansweredPings = 0;
  let isStopped = false;

  function check(): void {
    if (isStopped) return;
    // While nothing waits, waking up once a second is enough.
    if (isAwaited()) afterAwake(clock, pingEveryMs, check);
    else clock.after(pingEveryMs, check);
    if (!isAwaited()) unansweredPings = 0;
    else if (unansweredPings >= hangAfterPings) onHang();
    else if (ping()) unansweredPings += 1;
  }

  check();
  return {
    onSign() {
      unansweredPings = 0;
    },
    stop() {
      isStopped = true;
    },
  };
}
