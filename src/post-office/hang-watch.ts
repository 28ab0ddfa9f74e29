import { afterAwake } from '../core/time-limit.js';
import type { Clock } from '../core/clock.js';

export interface HangWatchOptions {
  readonly clock: Clock;
  /** Whether somebody waits for the thread. */
  readonly isOwed: () => boolean;
  /** Asks the thread for a sign of life. Returns false when there is no thread. */
  readonly ping: () => boolean;
  readonly onHang: () => void;
}

/** Notices that a thread hangs: somebody waits for it, and it has said nothing for half a minute. */
export interface HangWatch {
  /** The thread has said something, or another one was started. */
  onSign(): void;
  stop(): void;
}

const pingEveryMs = 1_000;
/** Long enough for a disk that stalls, short enough for a backlog in memory. */
const hangAfterPings = 30;

export function watchForHang({ clock, isOwed, ping, onHang }: HangWatchOptions): HangWatch {
  /** Counted, and only while this process is awake: when it was stopped, or the computer slept, nothing hangs. */
  let unansweredPings = 0;
  let isStopped = false;

  function look(): void {
    if (isStopped) return;
    // While nobody waits there is no need to wake up more often.
    if (isOwed()) afterAwake(clock, pingEveryMs, look);
    else clock.after(pingEveryMs, look);
    if (!isOwed()) unansweredPings = 0;
    else if (unansweredPings >= hangAfterPings) onHang();
    else if (ping()) unansweredPings += 1;
  }

  look();
  return {
    onSign() {
      unansweredPings = 0;
    },
    stop() {
      isStopped = true;
    },
  };
}
