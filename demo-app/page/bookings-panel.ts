import type { Booking } from '../booking-app/booking-store.js';
import type { Session } from '../booking-app/event-store.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { BookingChange } from './api.js';
import { createChoice } from './choice.js';
import { byId, createList, element, setText } from './dom.js';
import type { Row } from './dom.js';
import { hasArrived } from './view.js';
import type { PageState, View } from './view.js';
import { hueOf, startText } from './wording.js';

export interface BookingsPanel {
  show(view: View): void;
  /** Shows the outcome of a button press. */
  showStatus(text: string, tone: 'good' | 'bad' | 'waiting'): void;
}

interface SessionRow {
  readonly session: Session;
  /** The member's latest booking of it. */
  readonly booking: Booking | undefined;
  /** Whether the CRM knows the booking's current state; undefined if the page cannot know. */
  readonly crm: 'knows' | 'does not know yet' | undefined;
}

/** `onChange` resolves once the change has been made or refused. */
export function createBookingsPanel(onChange: (change: BookingChange, token: string) => Promise<void>): BookingsPanel {
  const status = byId('booking-status');
  let view: View | undefined;
  const members = createChoice(byId('members'), 'member', () => {
    if (view) show(view);
  });
  const showSessions = createList<SessionRow>(
    byId('sessions'),
    ({ session }) => session.id,
    () => createSessionRow((change) => onChange(change, member()?.token ?? '')),
  );

  function member(): PageState['members'][number] | undefined {
    return view?.state.members.find(({ name }) => name === members.chosen);
  }

  function show(next: View): void {
    view = next;
    const { state, inbox } = next;
    members.show(state.members.map(({ name }) => name));
    const bookings = member()?.bookings ?? [];
    showSessions(
      state.sessions.map((session) => {
        const booking = bookings.find(({ session_id }) => session_id === session.id);
        return { session, booking, crm: booking && inbox && knowledgeOf(booking, state, inbox) };
      }),
    );
  }

  return {
    show,
    showStatus(text, tone) {
      status.dataset['tone'] = tone;
      setText(status, text);
    },
  };
}

function createSessionRow(onPress: (change: BookingChange) => Promise<void>): Row<SessionRow> {
  const name = element('strong');
  const details = element('span', 'details');
  const badge = element('span', 'badge');
  const crm = element('span', 'details');
  const button = element('button');
  button.type = 'button';
  let change: BookingChange | undefined;
  button.addEventListener('click', () => {
    if (!change || button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    void onPress(change).finally(() => {
      button.removeAttribute('aria-busy');
    });
  });

  return {
    node: element('li', 'session', element('div', 'what', name, details), element('div', 'how', badge, crm), button),
    update({ session, booking, crm: known }) {
      const { free_places, capacity } = session;
      setText(name, session.name);
      const places = free_places === 0 ? 'full' : `${free_places} of ${capacity} free`;
      setText(details, `${startText(session.starts_at)} · ${places}`);
      badge.hidden = !booking;
      if (booking) {
        badge.dataset['state'] = booking.status;
        badge.dataset['hue'] = hueOf(`booking:${booking.id}`);
        setText(badge, `booking ${booking.id} ${booking.status}`);
      }
      setText(crm, known === undefined ? '' : `CRM ${known}`);

      const action = actionFor(session, booking);
      change = action.change;
      button.className = action.change.kind;
      setText(button, action.label);
      button.setAttribute('aria-label', `${action.label} ${session.name}, ${startText(session.starts_at)}`);
    },
  };
}

function actionFor(session: Session, booking: Booking | undefined): { label: string; change: BookingChange } {
  if (!booking) return { label: 'Book', change: { kind: 'book', sessionId: session.id } };
  return booking.status === 'active'
    ? { label: 'Cancel', change: { kind: 'cancel', bookingId: booking.id } }
    : { label: 'Reactivate', change: { kind: 'reactivate', bookingId: booking.id } };
}

/** Whether the booking's last change has reached the CRM. */
function knowledgeOf(booking: Booking, { stats }: PageState, inbox: CrmInbox): SessionRow['crm'] {
  if (hasArrived(inbox, booking)) return 'knows';
  // The inbox shows only the newest. If nothing is pending, the change arrived before those.
  return stats.pending > 0 ? 'does not know yet' : undefined;
}
