/** What a shell answers for a program that SIGINT ended. */
export const KILLED_BY_CTRL_C = 130;

export interface StopHandlers {
  /** Called once, at the first request. */
  readonly stop: () => void;
  /** Called when somebody does not want to wait for `stop`. */
  readonly kill: () => void;
}

/** npm and tsx pass a signal on that the terminal has delivered already: so close together, it is the same key. */
const SAME_KEY_PRESS_MS = 500;

/** Tells of requests to stop: SIGINT, SIGTERM, SIGHUP, and the loss of the parent process where it keeps a channel. */
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
