import { Interrupted } from './cli-failure.js';

/** What the work comes to, or a rejection with `Interrupted` as soon as the process is asked to stop. */
export async function interruptible<Value>(work: Promise<Value>, stop: AbortSignal): Promise<Value> {
  let onStop: (() => void) | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    onStop = (): void => {
      reject(new Interrupted());
    };
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (onStop !== undefined) stop.removeEventListener('abort', onStop);
  }
}
