import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import { changeBooking, killApp, readInbox, readState, RefusedError, setCrmMode } from './api.js';
import type { BookingChange } from './api.js';
import { createBookingsPanel } from './bookings-panel.js';
import { createGuidePanel } from './guide-panel.js';
import { createInboxPanel } from './inbox-panel.js';
import { createOutboxPanel } from './outbox-panel.js';
import { createProgress } from './progress.js';
import { createSharedAppsPanel } from './shared-apps-panel.js';
import { leaderOf } from './view.js';
import type { AppProcess, PageState } from './view.js';
import { durationText } from './wording.js';
import { wordsForOne, wordsForSeveral } from './words.js';
import type { Words } from './words.js';

const POLL_MS = 700;

let state: PageState | undefined;
/** The process that delivers. */
let leader: AppProcess | undefined;
let inbox: CrmInbox | undefined;
let isAppThere = true;
let isCrmProcessThere = true;
let hasChanged = false;
let killed: { readonly process: AppProcess; readonly atMs: number } | undefined;
let successor: AppProcess | undefined;
let startedReads = 0;
let shownRead = 0;

const progress = createProgress();
const guide = createGuidePanel({ onMode: (mode) => void switchCrm(mode), onKill: () => void kill() });
const bookings = createBookingsPanel(change);
const showOutbox = createOutboxPanel();
const showInbox = createInboxPanel();
const sharedApps = createSharedAppsPanel();

/** Reads everything and shows it, unless a later read was faster. */
async function refresh(): Promise<void> {
  startedReads += 1;
  const read = startedReads;
  const [newState, newInbox] = await Promise.allSettled([readState(), readInbox()]);
  if (read < shownRead) return;
  shownRead = read;

  if (newState.status === 'fulfilled') state = newState.value;
  leader = newState.status === 'fulfilled' ? leaderOf(newState.value) : undefined;
  // A response of the killed process was on its way before the kill.
  if (leader?.pid === killed?.process.pid) leader = undefined;
  isAppThere = newState.status === 'fulfilled' && (newState.value.isShared || leader !== undefined);
  if (isAppThere) isCrmProcessThere = newInbox.status === 'fulfilled';
  if (newInbox.status === 'fulfilled') inbox = newInbox.value;
  if (killed && leader) {
    successor = leader;
    guide.showStatus(words().succeeded(killed.process, leader, sinceText(killed.atMs)), 'good');
    killed = undefined;
  }
  show();
}

function words(): Words {
  return state?.isShared ? wordsForSeveral : wordsForOne;
}

function show(): void {
  document.body.dataset['app'] = isAppThere ? 'there' : 'gone';
  if (!state) return;
  const view = { state, leader, inbox, isAppThere, isCrmProcessThere };
  progress.update(view);
  const areStepsDone = progress.done.every(Boolean);
  const story = { killed: killed?.process, successor, hasChanged, areStepsDone };
  guide.show(view, words(), story, progress.done);
  if (state.isShared) sharedApps.show(view);
  bookings.show(view);
  showOutbox(view, words());
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
    const appNumber = state?.isShared ? sharedApps.chosenNumber : undefined;
    const booking = await changeBooking(wanted, token, appNumber === undefined ? '' : `/apps/${appNumber}`);
    hasChanged = true;
    progress.onChanged(booking, inbox?.mode);
    const where = appNumber === undefined ? '' : ` at app ${appNumber}`;
    return { text: `Booking ${booking.id} ${DONE[wanted.kind]}${where} in ${sinceText(startedAtMs)}.`, tone: 'good' };
  } catch (error) {
    return { text: refusalText(error), tone: 'bad' };
  }
}

function refusalText(error: unknown): string {
  if (!(error instanceof RefusedError)) return NO_RESPONSE;
  // From whoever relays to the app that was chosen; what became of the booking, the list shows.
  if (error.status === 502) return `${error.message}; choose another one.`;
  return `${error.message}. The CRM is not notified.`;
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
  guide.showStatus(words().killing, 'waiting');
  const atMs = performance.now();
  try {
    const pid = await killApp();
    const number = state?.apps.find(({ process }) => process?.pid === pid)?.number ?? 1;
    killed = { process: { number, pid, sinceAt: Date.now() }, atMs };
    successor = undefined;
    progress.onKilled(pid);
    leader = undefined;
    isAppThere = state?.isShared === true;
    guide.showStatus(words().killed(killed.process), 'waiting');
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
