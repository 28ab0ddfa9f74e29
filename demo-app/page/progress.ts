import type { Booking } from '../booking-app/booking-store.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import type { View } from './view.js';
import type { Words } from './words.js';

const STEPS = [
  { title: 'Book a session.', text: 'Watch it reach the CRM.' },
  { title: 'Take the CRM down, book three.', text: 'Each succeeds, as fast as before.' },
  { title: 'Bring the CRM back up.', text: 'Everything arrives, in order.' },
] as const;
const LAST_STEP = { title: 'Let the CRM reject one (422).', text: 'Then set it to Up, and redeliver.' };

/** What to try, in this order. */
export function stepsWith({ killStep }: Words): readonly Words['killStep'][] {
  return [...STEPS, killStep, LAST_STEP];
}

const BOOKINGS_WHILE_DOWN = 3;

/** Which steps the visitor has completed. */
export interface Progress {
  /** One for each step. */
  readonly done: readonly boolean[];
  onBooking(booking: Booking, mode: CrmMode | undefined): void;
  onKilled(pid: number): void;
  onRedelivered(): void;
  update(view: View): void;
}

export function createProgress(): Progress {
  const done = [false, false, false, false, false];
  /** The bookings that were changed on this page and have not reached the CRM. */
  const undelivered = new Set<number>();
  let hasChanged = false;
  let whileDownCount = 0;
  let killedPid: number | undefined;
  let hasRedelivered = false;

  return {
    done,

    onBooking({ id }, mode) {
      hasChanged = true;
      undelivered.add(id);
      if (mode === 'down') whileDownCount += 1;
    },

    onKilled(pid) {
      killedPid = pid;
    },

    onRedelivered() {
      hasRedelivered = true;
    },

    update({ snapshot: { crm, outbox }, leader }) {
      if (!leader || !crm) return;
      for (const id of crm.knownBookings) undelivered.delete(id);
      const isAllDelivered = undelivered.size === 0 && outbox.pending === 0 && outbox.dead === 0;
      if (hasChanged && isAllDelivered) done[0] = true;
      if (whileDownCount >= BOOKINGS_WHILE_DOWN) done[1] = true;
      if (done[1] === true && crm.mode === 'ok' && isAllDelivered) done[2] = true;
      if (killedPid !== undefined && leader.pid !== killedPid && hasChanged && isAllDelivered) done[3] = true;
      if (hasRedelivered && isAllDelivered) done[4] = true;
    },
  };
}
