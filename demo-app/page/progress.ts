import type { Booking } from '../booking-app/booking-store.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import { hasArrived } from './view.js';
import type { View } from './view.js';
import type { Words } from './words.js';

const STEPS = [
  { title: 'Book a session', text: 'Watch it reach the CRM.' },
  { title: 'Take the CRM down, book three', text: 'Each succeeds, as fast as before.' },
  { title: 'Bring the CRM back up', text: 'Everything arrives, in order.' },
] as const;

/** What to try, in this order. */
export function stepsWith({ killStep }: Words): readonly Words['killStep'][] {
  return [...STEPS, killStep];
}

const BOOKINGS_WHILE_DOWN = 3;

/** Which steps the visitor has completed. */
export interface Progress {
  /** One for each step. */
  readonly done: readonly boolean[];
  onChanged(booking: Booking, mode: CrmMode | undefined): void;
  onKilled(pid: number): void;
  update(view: View): void;
}

export function createProgress(): Progress {
  const done = [false, false, false, false];
  /** Changes made on this page that have not reached the CRM, by booking. */
  const undelivered = new Map<number, Booking>();
  let hasChanged = false;
  let whileDownCount = 0;
  let killedPid: number | undefined;

  return {
    done,

    onChanged(booking, mode) {
      hasChanged = true;
      undelivered.set(booking.id, booking);
      if (mode === 'down') whileDownCount += 1;
    },

    onKilled(pid) {
      killedPid = pid;
    },

    update({ state, leader, inbox }) {
      if (!leader || !inbox) return;
      const hadChanged = hasChanged;
      for (const [id, booking] of undelivered) if (hasArrived(inbox, booking)) undelivered.delete(id);
      const isAllDelivered = undelivered.size === 0 && state.stats.pending === 0;
      if (hadChanged && isAllDelivered) done[0] = true;
      if (whileDownCount >= BOOKINGS_WHILE_DOWN) done[1] = true;
      if (done[1] === true && inbox.mode === 'ok' && isAllDelivered) done[2] = true;
      if (killedPid !== undefined && leader.pid !== killedPid && hadChanged && isAllDelivered) done[3] = true;
    },
  };
}
