import type { Booking } from '../booking-app/booking-store.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import { hasArrived } from './view.js';
import type { View } from './view.js';

export const STEPS = [
  { title: 'Book a session', text: 'Watch it reach the CRM.' },
  { title: 'Take the CRM down, book three', text: 'Each succeeds, as fast as before.' },
  { title: 'Make the CRM well again', text: 'Everything arrives, in order.' },
  { title: 'Kill the app', text: 'Best while something waits. Nothing is lost.' },
] as const;

const BOOKINGS_WHILE_DOWN = 3;

/** What the visitor has tried, and seen end well. */
export interface Progress {
  /** One for each step. */
  readonly done: readonly boolean[];
  onChanged(booking: Booking, mode: CrmMode | undefined): void;
  onKilled(pid: number): void;
  update(view: View): void;
}

export function createProgress(): Progress {
  const done = STEPS.map(() => false);
  /** Changes made here of which the CRM has not heard, by booking. */
  const untold = new Map<number, Booking>();
  let hasChanged = false;
  let whileDownCount = 0;
  let killedPid: number | undefined;

  return {
    done,

    onChanged(booking, mode) {
      hasChanged = true;
      untold.set(booking.id, booking);
      if (mode === 'down') whileDownCount += 1;
    },

    onKilled(pid) {
      killedPid = pid;
    },

    update({ state, inbox, isAppThere }) {
      if (!isAppThere || !inbox) return;
      const hadChanged = hasChanged;
      for (const [id, booking] of untold) if (hasArrived(inbox, booking)) untold.delete(id);
      const isAllTold = untold.size === 0 && state.stats.pending === 0;
      if (hadChanged && isAllTold) done[0] = true;
      if (whileDownCount >= BOOKINGS_WHILE_DOWN) done[1] = true;
      if (done[1] === true && inbox.mode === 'ok' && isAllTold) done[2] = true;
      if (killedPid !== undefined && state.app.pid !== killedPid && hadChanged && isAllTold) done[3] = true;
    },
  };
}
