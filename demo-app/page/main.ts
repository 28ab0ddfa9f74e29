import type { DemoState } from '../booking-app/demo-page/demo-state.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import { changeBooking, killApp, readInbox, readState, RefusedError, setCrmMode } from './api.js';
import type { BookingChange } from './api.js';
import { createBookingsPanel } from './bookings-panel.js';
import { createGuidePanel } from './guide-panel.js';
import { createInboxPanel } from './inbox-panel.js';
import { createOutboxPanel } from './outbox-panel.js';
import { createProgress } from './progress.js';
import { durationText } from './wording.js';

const POLL_MS = 700;

let state: DemoState | undefined;
let inbox: CrmInbox | undefined;
let isAppThere = true;
let isCrmProcessThere = true;
let hasChanged = false;
let killed: { readonly pid: number; readonly atMs: number } | undefined;
let restarted: { readonly pid: number } | undefined;
let startedReads = 0;
let shownRead = 0;

const progress = createProgress();
const guide = createGuidePanel({ onMode: (mode) => void switchCrm(mode), onKill: () => void kill() });
const bookings = createBookingsPanel(change);
const showOutbox = createOutboxPanel();
const showInbox = createInboxPanel();

/** Reads everything and shows it, unless a later read was faster. */
async function refresh(): Promise<void> {
  startedReads += 1;
  const read = startedReads;
  const [newState, newInbox] = await Promise.allSettled([readState(), readInbox()]);
  if (read < shownRead) return;
  shownRead = read;

  // A response of the killed process was on its way before the kill.
  isAppThere = newState.status === 'fulfilled' && newState.value.app.pid !== killed?.pid;
  if (isAppThere) isCrmProcessThere = newInbox.status === 'fulfilled';
  if (newState.status === 'fulfilled') state = newState.value;
  if (newInbox.status === 'fulfilled') inbox = newInbox.value;
  if (isAppThere && killed && state) {
    restarted = { pid: state.app.pid };
    guide.showStatus(
      `Process ${killed.pid} was killed; ${restarted.pid} took its place after ${sinceText(killed.atMs)}.`,
      'good',
    );
    killed = undefined;
  }
  show();
}

function show(): void {
  document.body.dataset['app'] = isAppThere ? 'there' : 'gone';
  if (!state) return;
  const view = { state, inbox, isAppThere, isCrmProcessThere };
  progress.update(view);
  const areStepsDone = progress.done.every(Boolean);
  guide.show(view, { killedPid: killed?.pid, restarted, hasChanged, areStepsDone }, progress.done);
  bookings.show(view);
  showOutbox(view);
  showInbox(view);
}

const NO_RESPONSE = 'The app did not respond; try again in a moment.';

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

async function change(wanted: BookingChange, token: string): Promise<void> {
  bookings.showStatus(DOING[wanted.kind], 'waiting');
  const outcome = await outcomeOf(wanted, token);
  // Refresh first, because the rows' buttons have a new meaning now.
  await refresh();
  bookings.showStatus(outcome.text, outcome.tone);
}

async function outcomeOf(wanted: BookingChange, token: string): Promise<{ text: string; tone: 'good' | 'bad' }> {
  const startedAtMs = performance.now();
  try {
    const booking = await changeBooking(wanted, token);
    hasChanged = true;
    progress.onChanged(booking, inbox?.mode);
    return { text: `Booking ${booking.id} ${DONE[wanted.kind]} in ${sinceText(startedAtMs)}.`, tone: 'good' };
  } catch (error) {
    const text = error instanceof RefusedError ? `${error.message}. The CRM is not notified.` : NO_RESPONSE;
    return { text, tone: 'bad' };
  }
}

async function switchCrm(mode: CrmMode): Promise<void> {
  guide.showStatus('Switching the CRM …', 'waiting');
  try {
    await setCrmMode(mode);
    guide.showStatus(MODE_TEXTS[mode], 'good');
  } catch (error) {
    guide.showStatus(failureText(error), 'bad');
  }
  await refresh();
}

const MODE_TEXTS: Readonly<Record<CrmMode, string>> = {
  ok: 'The CRM responds normally.',
  down: "The CRM's port refuses connections.",
  slow: 'The CRM takes 2 to 3 seconds for each response.',
  'wrong-token': 'The CRM responds 401 to every request.',
};

async function kill(): Promise<void> {
  guide.showStatus('Killing the app …', 'waiting');
  const atMs = performance.now();
  try {
    const pid = await killApp();
    killed = { pid, atMs };
    restarted = undefined;
    progress.onKilled(pid);
    isAppThere = false;
    guide.showStatus(`Process ${pid} was killed with SIGKILL.`, 'waiting');
    show();
  } catch (error) {
    guide.showStatus(failureText(error), 'bad');
  }
}

function failureText(error: unknown): string {
  return error instanceof RefusedError ? `${error.message}.` : NO_RESPONSE;
}

function sinceText(atMs: number): string {
  return durationText(performance.now() - atMs);
}

async function pollForever(): Promise<never> {
  for (;;) {
    await refresh();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

void pollForever();
