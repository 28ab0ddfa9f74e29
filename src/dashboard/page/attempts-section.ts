import type { AttemptEntry, Overview } from '../api-contract.js';
import { byId, make, millisecondsText, numberText, timeElement, timeText } from './element.js';

const outcomes = {
  delivered: { text: '✓ delivered', level: 'fine' },
  retry: { text: '↻ to be retried', level: 'attention' },
  unsent: { text: '○ not sent', level: 'attention' },
  refused: { text: '▲ token refused', level: 'failing' },
  dead: { text: '● dead', level: 'failing' },
} as const;

/** The table of recent attempts. New attempts rebuild it, which loses no focus: nothing in it can have the focus. */
export function createAttemptsSection(): (overview: Pick<Overview, 'attempts' | 'targets'>) => void {
  const region = byId('attempts', HTMLElement);
  const rows = byId('attempts-rows', HTMLTableSectionElement);
  const empty = byId('attempts-empty', HTMLElement);
  let shownNumber = 0;

  return ({ attempts, targets }) => {
    const number = attempts[0]?.number ?? 0;
    if (number === shownNumber) return;
    shownNumber = number;
    rows.replaceChildren(...attempts.map((attempt) => rowOf(attempt, targets.length > 1)));
    region.hidden = attempts.length === 0;
    empty.hidden = attempts.length > 0;
  };
}

function rowOf(attempt: AttemptEntry, hasSeveralTargets: boolean): HTMLElement {
  const { endedAt, outcome, target, type, id, result, attempts, durationMs } = attempt;
  const { text, level } = outcomes[outcome];
  const badge = make('span', 'badge', text);
  badge.dataset['level'] = level;
  const shortId = make('span', 'code', id.slice(-12));
  shortId.title = id;
  return make(
    'tr',
    '',
    make('td', '', timeElement(endedAt, timeText(endedAt))),
    make('td', '', badge),
    make('td', '', hasSeveralTargets ? `${type} → ${target}` : type),
    make('td', '', shortId),
    make('td', 'code', result === null ? '–' : String(result)),
    make('td', 'number', numberText(attempts)),
    make('td', 'number', millisecondsText(durationMs)),
  );
}
