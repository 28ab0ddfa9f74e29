/** The exit code of a program that SIGINT ended, as a shell reports it. */
export const KILLED_BY_CTRL_C = 130;

export interface StopHandlers {
  /** Called once, for the first request. */
  readonly stop: () => void;
  /** Called for a second request, while `stop` is still running. */
  readonly kill: () => void;
}

/** npm and tsx forward a signal that the terminal has already delivered; so close together it was one key press. */
const SAME_KEY_PRESS_MS = 500;

/** Handles requests to stop: SIGINT, SIGTERM, SIGHUP, and the end of a parent process that keeps a channel. */
export function onStopRequest({ stop, kill }: StopHandlers): void {
  let firstAt: number | undefined;

  function onSignal(): void {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      stop();
    } else if (now - firstAt > SAME_KEY_PRESS_MS) {
      kill();
    }
  }

  function onParentGone(): void {
    if (firstAt === undefined) onSignal();
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.once('disconnect', onParentGone);
  // The parent may have gone while this process was still starting.
  if (process.send && !process.connected) onParentGone();
}
