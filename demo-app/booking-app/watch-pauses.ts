import type { Notifier, PauseCause } from 'express-crm-notifier';

/** Returns a function that returns why this process's delivery is paused; undefined if it is not. */
export function watchPauses(crm: Pick<Notifier, 'on'>): () => PauseCause | undefined {
  let pauseCause: PauseCause | undefined;
  crm.on('paused', ({ cause }) => {
    pauseCause = cause;
  });
  crm.on('resumed', () => {
    pauseCause = undefined;
  });
  return () => pauseCause;
}
