import type { Overview } from '../api-contract.js';
import { ApiError, fetchOverview, type Failure } from './api-client.js';
import { byId, setText } from './element.js';
import { timeText } from './format.js';

const everyMs = 1_500;
/** Nobody looks; but the title still tells. */
const hiddenEveryMs = 10_000;

const troubles = {
  'signed-out': 'Signed out since',
  unavailable: 'The notifier does not answer since',
  unreachable: 'Not connected since',
} as const;

/** Asks for the overview again and again, one question at a time, and says when there is no answer. */
export function startLiveView(show: (overview: Overview) => void): { readonly askNow: () => void } {
  const connection = byId('connection', HTMLElement);
  const hold = byId('hold', HTMLButtonElement);
  let isHeld = false;
  let isAsking = false;
  let troubleSince: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async (): Promise<void> => {
    clearTimeout(timer);
    if (isAsking || isHeld) return;
    isAsking = true;
    const answer = await fetchOverview().catch(failureOf);
    isAsking = false;
    timer = setTimeout(() => void ask(), document.hidden ? hiddenEveryMs : everyMs);
    // Held while it was asked: the view stays as it was then.
    if (isHeldNow()) clearTimeout(timer);
    else if (typeof answer === 'string') {
      troubleSince ??= Date.now();
      showState('lost', `${troubles[answer]} ${timeText(troubleSince)}. The figures are older.`);
      document.title = `○ ${answer === 'signed-out' ? 'signed out' : 'not connected'} – CRM notifier`;
    } else {
      troubleSince = undefined;
      showState('live', 'Live');
      show(answer);
    }
  };

  // Asked by a call, because it may have changed while an answer was awaited.
  const isHeldNow = (): boolean => isHeld;

  const showState = (state: 'live' | 'lost' | 'held', text: string): void => {
    document.body.dataset['connection'] = state;
    setText(connection, text);
  };

  hold.addEventListener('click', () => {
    isHeld = !isHeld;
    hold.setAttribute('aria-pressed', String(isHeld));
    if (isHeld) {
      clearTimeout(timer);
      showState('held', `Held at ${timeText(Date.now())}`);
    } else void ask();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask();
  });
  void ask();
  return { askNow: () => void ask() };
}

function failureOf(error: unknown): Failure {
  return error instanceof ApiError ? error.failure : 'unreachable';
}
