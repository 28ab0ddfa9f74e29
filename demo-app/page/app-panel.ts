import type { BookingOverview } from '../booking-app/app-state.js';
import type { Event, Session } from '../booking-app/event-store.js';
import type { DemoSnapshot } from '../supervisor/read-snapshot.js';
import type { BookingChange, Caller } from './api.js';
import { createChoice } from './choice.js';
import { byId, createList, element, setText } from './dom.js';
import type { Row } from './dom.js';
import type { View } from './view.js';
import { hueOf, startText } from './wording.js';

/** Each resolves once the change has been made or refused; that of an event to whether it has been made. */
export interface AppActions {
  readonly onBooking: (change: BookingChange, caller: Caller) => Promise<void>;
  readonly onEvent: (event: Event, title: string, caller: Caller) => Promise<boolean>;
}

interface SessionRow {
  readonly session: Session;
  /** The member's latest booking of it. */
  readonly booking: BookingOverview | undefined;
  /** What the CRM knows of the booking; empty if the page cannot know. */
  readonly crm: string;
}

/** The app's sessions for its members, and its events for their facilitator, at the chosen app. */
export function createAppPanel({ onBooking, onEvent }: AppActions): (view: View) => void {
  let view: View | undefined;
  const users = createChoice(byId('users'), 'user', showRows);
  const apps = createChoice(byId('booking-apps'), 'app', () => undefined);
  const sessions = byId('sessions');
  const events = byId('events');
  const showSessions = createList<SessionRow>(
    sessions,
    ({ session }) => session.id,
    () => createSessionRow((change) => onBooking(change, caller())),
  );
  const showEvents = createList<Event>(
    events,
    ({ id }) => id,
    () => createEventRow((event, title) => onEvent(event, title, caller())),
  );

  function caller(): Caller {
    const snapshot = view?.snapshot;
    const user = [...(snapshot?.members ?? []), snapshot?.facilitator].find((one) => one?.name === users.chosen);
    return { token: user?.token ?? '', appNumber: Number(apps.chosen.replace('App ', '')) };
  }

  function showRows(): void {
    if (!view) return;
    const { snapshot } = view;
    const isFacilitator = users.chosen === snapshot.facilitator?.name;
    sessions.hidden = isFacilitator;
    events.hidden = !isFacilitator;
    showEvents(snapshot.events);
    const bookings = snapshot.members.find(({ name }) => name === users.chosen)?.bookings ?? [];
    showSessions(
      snapshot.sessions.map((session) => {
        const booking = bookings.find(({ session_id }) => session_id === session.id);
        return { session, booking, crm: booking ? knowledgeOf(booking, snapshot) : '' };
      }),
    );
  }

  return (next) => {
    view = next;
    const { members, facilitator, apps: running } = next.snapshot;
    users.show([...members.map(({ name }) => name), ...(facilitator ? [facilitator.name] : [])]);
    apps.show(running.map(({ number }) => `App ${number}`));
    showRows();
  };
}

/** What the CRM knows of the booking's last change. */
function knowledgeOf({ id }: BookingOverview, { crm, outbox }: DemoSnapshot): string {
  if (!crm) return '';
  if (crm.knownBookings.includes(id)) return 'CRM knows';
  const isDead = outbox.entries.some(({ lane, state }) => lane === `booking:${id}` && state === 'dead');
  if (isDead) return 'rejected';
  // Without anything pending, it has been discarded.
  return outbox.pending > 0 ? 'waiting' : '';
}

function createSessionRow(onPress: (change: BookingChange) => Promise<void>): Row<SessionRow> {
  const name = element('strong');
  const start = element('span', 'details');
  const badge = element('span', 'badge');
  const details = element('span', 'details');
  const button = element('button');
  button.type = 'button';
  let change: BookingChange | undefined;
  button.addEventListener('click', () => {
    if (change && button.getAttribute('aria-busy') !== 'true') void whileBusy(button, onPress(change));
  });
  const node = element(
    'li',
    '',
    element('div', 'what', element('div', '', name, ' ', start), element('div', '', badge, ' ', details)),
    button,
  );

  return {
    node,
    update({ session, booking, crm }) {
      const { free_places, capacity } = session;
      setText(name, session.name);
      setText(start, startText(session.starts_at));
      badge.hidden = !booking;
      const lane = booking ? `booking:${booking.id}` : `session:${session.id}`;
      node.dataset['lane'] = lane;
      if (booking) {
        badge.dataset['state'] = booking.status;
        badge.dataset['hue'] = hueOf(lane);
        setText(badge, `booking ${booking.id} ${booking.status}`);
        setText(details, crm);
      } else {
        setText(details, free_places === 0 ? 'full' : `${free_places} of ${capacity} free`);
      }

      const action = actionFor(session, booking);
      change = action.change;
      button.className = action.change.kind;
      setText(button, action.label);
      button.setAttribute('aria-label', `${action.label} ${session.name}, ${startText(session.starts_at)}`);
    },
  };
}

function actionFor(session: Session, booking: BookingOverview | undefined): { label: string; change: BookingChange } {
  if (!booking) return { label: 'Book', change: { kind: 'book', sessionId: session.id } };
  return booking.status === 'active'
    ? { label: 'Cancel', change: { kind: 'cancel', bookingId: booking.id } }
    : { label: 'Reactivate', change: { kind: 'reactivate', bookingId: booking.id } };
}

function createEventRow(onSave: (event: Event, title: string) => Promise<boolean>): Row<Event> {
  const title = element('input');
  title.required = true;
  title.maxLength = 200;
  const button = element('button', 'book', 'Save');
  const form = element('form', '', title, button);
  let event: Event | undefined;
  /** Whether the visitor is typing: what arrives meanwhile does not replace that. */
  let isEdited = false;
  title.addEventListener('input', () => {
    isEdited = true;
  });
  form.addEventListener('submit', (submission) => {
    submission.preventDefault();
    if (event) void whileBusy(button, save(event));
  });
  const node = element('li', '', form);

  async function save(edited: Event): Promise<void> {
    if (await onSave(edited, title.value)) isEdited = false;
  }

  return {
    node,
    update(next) {
      event = next;
      node.dataset['lane'] = `event:${next.id}`;
      title.setAttribute('aria-label', `Title of event ${next.id}`);
      if (!isEdited && title.value !== next.title) title.value = next.title;
    },
  };
}

async function whileBusy(button: HTMLButtonElement, work: Promise<void>): Promise<void> {
  button.setAttribute('aria-busy', 'true');
  await work;
  button.removeAttribute('aria-busy');
}
