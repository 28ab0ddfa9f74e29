import type { Event } from '../booking-app/event-store.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import type { DemoSnapshot } from '../supervisor/read-snapshot.js';
import { changeBooking, editEvent, killLeader, redeliverAll, RefusedError, setCrmMode } from './api.js';
import type { BookingChange, Caller } from './api.js';
import { createAppPanel } from './app-panel.js';
import type { Tone } from './commentary.js';
import { byId } from './dom.js';
import { createFlights, flightsBetween } from './flights.js';
import { createGuidePanel } from './guide-panel.js';
import { createInboxPanel } from './inbox-panel.js';
import { createOutboxPanel } from './outbox-panel.js';
import { createOwnBookings } from './own-bookings.js';
import { createProgress } from './progress.js';
import { openStream } from './stream.js';
import { leaderOf, withChanges } from './view.js';
import type { AppProcess } from './view.js';
import { countText, durationText } from './wording.js';
import { wordsForOne, wordsForSeveral } from './words.js';

/** How often durations are shown anew. */
const TICK_MS = 1000;

const words = document.body.dataset['apps'] === '1' ? wordsForOne : wordsForSeveral;
/** What the supervisor has sent. */
let received: DemoSnapshot | undefined;
/** The same with what was changed here since. */
let snapshot: DemoSnapshot | undefined;
let isConnected = false;
let hasChanged = false;
/** The process that delivers, or did before it was killed. */
let lastLeader: AppProcess | undefined;
let killed: { readonly process: AppProcess; readonly atMs: number } | undefined;
let successor: AppProcess | undefined;

const progress = createProgress();
const guide = createGuidePanel({ onMode: (mode) => void switchCrm(mode), onKill: () => void kill() });
const showApp = createAppPanel({ onBooking, onEvent });
const showOutbox = createOutboxPanel(() => void redeliver());
const showInbox = createInboxPanel();
const flights = createFlights();
const ownBookings = createOwnBookings();

function show(): void {
  const view = snapshot && { snapshot, isConnected, leader: leaderOf(snapshot) };
  if (view) progress.update(view);
  const story = { killed: killed?.process, successor, hasChanged, areStepsDone: progress.done.every(Boolean) };
  guide.show(view, words, story, progress.done);
  document.body.dataset['connection'] = isConnected ? 'live' : 'lost';
  if (!view) return;
  const known = view.snapshot.apps.find(({ leadsSince }) => leadsSince !== null);
  if (known) byId('dashboard-link').setAttribute('href', `${known.url}/dashboard/`);
  showApp(view);
  showOutbox(view, words);
  showInbox(view);
}

openStream({
  onChanges(changes) {
    const before = snapshot;
    received = withChanges(received, changes);
    snapshot = ownBookings.addTo(received);
    isConnected = true;
    followLeader(leaderOf(snapshot));
    flights.prepare();
    show();
    if (before) flights.show(flightsBetween(before, snapshot));
  },
  onDisconnected() {
    isConnected = false;
    ownBookings.clear();
    show();
  },
});
setInterval(show, TICK_MS);

/** However a process was killed, here or in a terminal, another takes its place. */
function followLeader(leader: AppProcess | undefined): void {
  if (lastLeader && leader?.pid !== lastLeader.pid) killed ??= { process: lastLeader, atMs: performance.now() };
  if (!leader) return;
  if (killed && leader.pid !== killed.process.pid) {
    successor = leader;
    guide.showOutcome(words.succeeded(killed.process, leader, sinceText(killed.atMs)), 'good');
  }
  killed = undefined;
  lastLeader = leader;
}

const DOING: Readonly<Record<BookingChange['kind'], string>> = {
  book: 'Booking …',
  cancel: 'Cancelling …',
  reactivate: 'Reactivating …',
};
const DONE: Readonly<Record<BookingChange['kind'], string>> = {
  book: 'made',
  cancel: 'cancelled',
  reactivate: 'reactivated',
};

async function onBooking(wanted: BookingChange, caller: Caller): Promise<void> {
  await attempt(DOING[wanted.kind], async () => {
    const startedAtMs = performance.now();
    const booking = await changeBooking(wanted, caller);
    hasChanged = true;
    progress.onBooking(booking, snapshot?.crm?.mode);
    // At once, because the row's button has a new meaning now.
    ownBookings.add(caller.token, booking);
    if (received) snapshot = ownBookings.addTo(received);
    show();
    return `Booking ${booking.id} ${DONE[wanted.kind]}${placeText(caller)} in ${sinceText(startedAtMs)}.`;
  });
}

async function onEvent(event: Event, title: string, caller: Caller): Promise<boolean> {
  return attempt('Saving …', async () => {
    const startedAtMs = performance.now();
    await editEvent(event, title, caller);
    hasChanged = true;
    return `Event ${event.id} updated${placeText(caller)} in ${sinceText(startedAtMs)}.`;
  });
}

function placeText({ appNumber }: Caller): string {
  return words === wordsForOne ? '' : ` at app ${appNumber}`;
}

async function switchCrm(mode: CrmMode): Promise<void> {
  await attempt(
    'Switching the CRM …',
    async () => {
      await setCrmMode(mode);
      return MODE_TEXTS[mode];
    },
    mode === 'ok' ? 'good' : 'waiting',
  );
}

const MODE_TEXTS: Readonly<Record<CrmMode, string>> = {
  ok: 'The CRM responds normally.',
  down: "The CRM's port refuses connections.",
  slow: 'The CRM takes 2 to 3 seconds for each response.',
  'wrong-token': 'The CRM responds 401 to every request.',
  rejecting: 'The CRM responds 422 to every notification.',
};

async function kill(): Promise<void> {
  await attempt(
    words.killing,
    async () => {
      const atMs = performance.now();
      const process = snapshot && leaderOf(snapshot);
      const pid = await killLeader();
      progress.onKilled(pid);
      const named = { number: process?.number ?? 1, pid, sinceAt: Date.now() };
      killed = { process: named, atMs };
      return words.killed(named);
    },
    'waiting',
  );
}

async function redeliver(): Promise<void> {
  await attempt(
    'Redelivering …',
    async () => {
      const count = await redeliverAll();
      progress.onRedelivered();
      return `${countText(count, 'dead letter')} pending again.`;
    },
    'waiting',
  );
}

/** Does what a button is for, and shows the outcome. Resolves to whether it was done. */
async function attempt(doingText: string, action: () => Promise<string>, tone: Tone = 'good'): Promise<boolean> {
  guide.showOutcome(doingText, 'waiting');
  try {
    guide.showOutcome(await action(), tone);
    return true;
  } catch (error) {
    guide.showOutcome(failureText(error), 'bad');
    return false;
  }
}

function failureText(error: unknown): string {
  if (!(error instanceof RefusedError)) return 'The demo did not respond; try again in a moment.';
  // From the supervisor, which passes requests on; the list shows what became of the booking.
  if (error.status >= 500) return `${error.message}.`;
  return `${error.message}. The CRM is not notified.`;
}

function sinceText(atMs: number): string {
  return durationText(performance.now() - atMs);
}
