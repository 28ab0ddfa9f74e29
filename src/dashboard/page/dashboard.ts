import type { Overview } from '../api-contract.js';
import { createAddress, type Address } from './address.js';
import { fetchOverview, failureOf, type Failure } from './api-client.js';
import { createAttemptsSection } from './attempts-section.js';
import { allowChangesWhile } from './change-control.js';
import { createChangesSection } from './changes-section.js';
import { createCountsSection } from './counts-section.js';
import { createDeadLettersKind } from './dead-letters-kind.js';
import { createDeliveredKind } from './delivered-kind.js';
import { byId, setText, timeText } from './element.js';
import { createFilterSuggestions } from './filter-suggestions.js';
import { createNotificationSection } from './notification-view.js';
import { createPauseControl } from './pause-control.js';
import { createListsSection } from './lists-section.js';
import { createPendingKind } from './pending-kind.js';
import { createProcessesSection } from './processes-section.js';
import { showListHeading } from './show-list-heading.js';
import { createSummarySection } from './summary-section.js';
import { createTargetsSection } from './targets-section.js';
import { createTypesSection } from './types-section.js';

const pollMs = 1_500;
/** While the tab is hidden; its title still shows the health. */
const hiddenPollMs = 10_000;
/** What is there is shown by then, even if the list is still being read. */
const longestLoadMs = 2_000;

const summary = createSummarySection();
const pauseControl = createPauseControl(() => void poll());
const showTargets = createTargetsSection((target) => {
  pauseControl.press(target);
});
const showProcesses = createProcessesSection();
const showCounts = createCountsSection();
const showTypes = createTypesSection();
const showChanges = createChangesSection();
const showSuggestions = createFilterSuggestions();
const attempts = createAttemptsSection();
const address: Address = createAddress(() => {
  void lists.showAddress();
  void notification.showAddress();
  void poll();
}, showListHeading);
const notification = createNotificationSection(
  () => address,
  () => latest,
  () => void poll(),
);
const deadLetters = createDeadLettersKind(
  () => address,
  async () => {
    void poll();
    await lists.read();
  },
);
const pending = createPendingKind(() => latest);
const lists = createListsSection({ dead: deadLetters, pending, delivered: createDeliveredKind() }, () => address);
const firstRead = Promise.all([lists.showAddress(), notification.showAddress()]);
const connection = byId('connection', HTMLElement);
const readOnly = byId('read-only', HTMLElement);
const freeze = byId('freeze', HTMLButtonElement);

let isFrozen = false;
let isPolling = false;
let failingSince: number | undefined;
/** When the latest figures are from. */
let shownAt: number | undefined;
let latest: Overview | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Fetches the overview, shows it, and schedules the next poll. One request at a time. */
async function poll(): Promise<void> {
  clearTimeout(timer);
  if (isPolling || isFrozen) return;
  isPolling = true;
  const result = await fetchOverview(address.state.range, attempts.newest).catch(failureOf);
  isPolling = false;
  // Frozen meanwhile: the view stays as it was.
  if (isFrozenNow()) return;
  timer = setTimeout(() => void poll(), document.hidden ? hiddenPollMs : pollMs);
  if (typeof result === 'string') showFailure(result);
  else showOverview(result);
}

/** A call, because TypeScript assumes that the variable is still as it was before the `await`. */
function isFrozenNow(): boolean {
  return isFrozen;
}

function showOverview(overview: Overview): void {
  failingSince = undefined;
  shownAt = Date.now();
  showConnection('live', 'Live');
  allowChangesWhile(overview.mayChange);
  readOnly.hidden = overview.mayChange;
  latest = overview;
  summary.show(overview);
  pauseControl.show(overview);
  showTargets(overview);
  showProcesses(overview.processes);
  showCounts(overview);
  showTypes(overview);
  showChanges(overview);
  attempts.show(overview);
  const groupsRead = deadLetters.follow(overview);
  showSuggestions(overview, deadLetters.groups);
  lists.follow(overview);
  pending.follow();
  notification.follow();
  void Promise.all([firstRead, groupsRead]).then(reveal);
}

const failureWords: Readonly<Record<Failure, string>> = {
  'signed-out': 'Signed out since',
  'may-not-change': 'No data from the notifier since',
  unavailable: 'No data from the notifier since',
  unreachable: 'Not connected since',
};

function showFailure(failure: Failure): void {
  failingSince ??= Date.now();
  const since = `${failureWords[failure]} ${timeText(failingSince)}`;
  showConnection('lost', shownAt === undefined ? `${since}.` : `${since}. Showing data from ${timeText(shownAt)}.`);
  summary.showUnknown('How it goes now is not known.');
  allowChangesWhile(false);
  reveal();
}

/** Nothing is seen until all of it is there: sections that come in one after the other would move what somebody points at. */
function reveal(): void {
  delete document.body.dataset['loading'];
}

function showConnection(state: 'live' | 'lost' | 'frozen', text: string): void {
  document.body.dataset['connection'] = state;
  setText(connection, text);
}

freeze.addEventListener('click', () => {
  isFrozen = !isFrozen;
  // The name alone changes: with a state beside it, a screen reader would say the opposite.
  setText(freeze, isFrozen ? 'Resume updates' : 'Pause updates');
  if (isFrozen) {
    clearTimeout(timer);
    showConnection('frozen', `Updates paused at ${timeText(Date.now())}`);
  } else void poll();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void poll();
});
void poll();
setTimeout(reveal, longestLoadMs);
