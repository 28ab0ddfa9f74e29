import type { AttemptEntry, Overview } from '../api-contract.js';
import { byId, make, millisecondsText, numberText, setText, timeElement, timeText } from './element.js';
import { notificationLink } from './notification-link.js';

const outcomes = {
  delivered: { text: '✓ delivered', level: 'fine' },
  retry: { text: '↻ to be retried', level: 'attention' },
  unsent: { text: '○ not sent', level: 'attention' },
  refused: { text: '▲ token refused', level: 'failing' },
  dead: { text: '● dead', level: 'failing' },
} as const;

/** The table of recent attempts. New attempts rebuild it; a link that had the focus has it again. */
export interface AttemptsSection {
  /** The newest attempt that is shown, as `after` of `fetchOverview`. */
  readonly newest: string;
  /** Adds the attempts of an overview to those that are shown. */
  show(overview: Pick<Overview, 'attempts' | 'targets' | 'session' | 'deliveredBy'>): void;
}

const maxShown = 100;

export function createAttemptsSection(): AttemptsSection {
  const region = byId('attempts', HTMLElement);
  const rows = byId('attempts-rows', HTMLTableSectionElement);
  const empty = byId('attempts-empty', HTMLElement);
  let shown: readonly AttemptEntry[] = [];
  let shownSession = '';

  return {
    get newest() {
      return shownSession === '' ? '' : `${shownSession}:${String(shown[0]?.number ?? 0)}`;
    },
    show({ attempts, targets, session, deliveredBy }) {
      const elsewhere =
        deliveredBy === 'another process'
          ? ' Another process delivers: its attempts are on a dashboard of its own, if it has one.'
          : '';
      setText(empty, `None of this process so far.${elsewhere}`);
      if (session === shownSession && attempts.length === 0) return;
      const replaced = new Set(attempts.map(({ firstNumber }) => firstNumber));
      const kept = session === shownSession ? shown.filter(({ firstNumber }) => !replaced.has(firstNumber)) : [];
      shown = [...attempts, ...kept].slice(0, maxShown);
      shownSession = session;
      const focused = rows.querySelector<HTMLElement>('a:focus')?.dataset['notification'];
      rows.replaceChildren(...shown.map((attempt) => rowOf(attempt, targets.length > 1)));
      const links = [...rows.querySelectorAll<HTMLElement>('a[data-notification]')];
      if (focused !== undefined) links.find((link) => link.dataset['notification'] === focused)?.focus();
      region.hidden = shown.length === 0;
      empty.hidden = shown.length > 0;
    },
  };
}

function rowOf(attempt: AttemptEntry, hasSeveralTargets: boolean): HTMLElement {
  const { endedAt, outcome, target, type, id, result, attempts, durationMs } = attempt;
  const { text, level } = outcomes[outcome];
  const times = attempt.number - attempt.firstNumber + 1;
  const badge = make('span', 'badge', times === 1 ? text : `${text} ${numberText(times)} times`);
  badge.dataset['level'] = level;
  return make(
    'tr',
    '',
    make('td', '', timeElement(endedAt, timeText(endedAt))),
    make('td', '', badge),
    make('td', '', hasSeveralTargets ? `${type} → ${target}` : type),
    make('td', '', notificationLink(id, id.slice(-12))),
    make('td', 'code', result === null ? '–' : String(result)),
    make('td', 'number', numberText(attempts)),
    make('td', 'number', millisecondsText(durationMs)),
  );
}
