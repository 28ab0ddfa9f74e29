import type { Overview } from '../api-contract.js';
import { fetchOverview, failureOf, type Failure } from './api-client.js';
import { createAttemptsSection } from './attempts-section.js';
import { createDeadLettersSection } from './dead-letters-section.js';
import { byId, setText, timeText } from './element.js';
import { createMinutesSection } from './minutes-section.js';
import { createProcessesSection } from './processes-section.js';
import { createSummarySection } from './summary-section.js';
import { createTargetsSection } from './targets-section.js';

const pollMs = 1_500;
/** While the tab is hidden; its title still shows the health. */
const hiddenPollMs = 10_000;

const showSummary = createSummarySection();
const showTargets = createTargetsSection();
const showProcesses = createProcessesSection();
const showMinutes = createMinutesSection();
const showAttempts = createAttemptsSection();
const deadLetters = createDeadLettersSection(() => void poll());
const connection = byId('connection', HTMLElement);
const freeze = byId('freeze', HTMLButtonElement);

let isFrozen = false;
let isPolling = false;
let failingSince: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Fetches the overview, shows it, and schedules the next poll. One request at a time. */
async function poll(): Promise<void> {
  clearTimeout(timer);
  if (isPolling || isFrozen) return;
  isPolling = true;
  const result = await fetchOverview().catch(failureOf);
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
  showConnection('live', 'Live');
  showSummary(overview);
  showTargets(overview);
  showProcesses(overview.processes);
  showMinutes(overview.minutes);
  showAttempts(overview);
  deadLetters.follow(overview);
}

const failureWords: Readonly<Record<Failure, string>> = {
  'signed-out': 'Signed out since',
  unavailable: 'No data from the notifier since',
  unreachable: 'Not connected since',
};

function showFailure(failure: Failure): void {
  failingSince ??= Date.now();
  showConnection('lost', `${failureWords[failure]} ${timeText(failingSince)}. The numbers below are from before.`);
  document.title = `○ ${failure === 'signed-out' ? 'signed out' : 'not connected'} – CRM notifier`;
}

function showConnection(state: 'live' | 'lost' | 'frozen', text: string): void {
  document.body.dataset['connection'] = state;
  setText(connection, text);
}

freeze.addEventListener('click', () => {
  isFrozen = !isFrozen;
  freeze.setAttribute('aria-pressed', String(isFrozen));
  if (isFrozen) {
    clearTimeout(timer);
    showConnection('frozen', `Frozen at ${timeText(Date.now())}`);
  } else void poll();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void poll();
});
void poll();
