import type { Pause } from '../../history/history.js';
import type { Overview, TargetEntry } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import { byId, make, minuteText, numberText } from './element.js';

/** The table of targets, hidden while there is only one. */
export function createTargetsSection(): (overview: Pick<Overview, 'targets' | 'stats'>) => void {
  const section = byId('targets', HTMLElement);
  const rows = byId('targets-rows', HTMLTableSectionElement);
  let shown = '';

  return ({ targets, stats: { isOutboxReadable } }) => {
    section.hidden = targets.length < 2;
    const current = JSON.stringify([targets, isOutboxReadable]);
    if (current === shown || section.hidden) return;
    shown = current;
    rows.replaceChildren(...targets.map((target) => rowOf(target, isOutboxReadable)));
  };
}

function rowOf(target: TargetEntry, isKnown: boolean): HTMLElement {
  const { name, circuit, pause, pending, oldestAgeMs, dead, delivered, retried } = target;
  const { word, level } = stateOf(circuit);
  const state = make('span', 'badge', word);
  state.dataset['level'] = level;
  const held = (count: number): string => (isKnown ? numberText(count) : 'unknown');
  return make(
    'tr',
    '',
    make('th', '', name),
    make('td', '', state, ' ', make('span', 'aside', pauseText(pause))),
    make('td', 'number', held(pending)),
    make('td', 'number', isKnown && pending > 0 ? durationText(oldestAgeMs) : '–'),
    make('td', 'number', held(dead)),
    make('td', 'number', numberText(delivered)),
    make('td', 'number', numberText(retried)),
  );
}

function stateOf(circuit: TargetEntry['circuit']): { readonly word: string; readonly level: string } {
  if (circuit === null) return { word: '? unknown', level: 'attention' };
  return circuit === 'closed' ? { word: '✓ delivers', level: 'fine' } : { word: '▲ paused', level: 'failing' };
}

/** Why and since when; empty if it is not paused. */
export function pauseText(pause: Pause | null | undefined): string {
  return pause === null || pause === undefined ? '' : `${causeText(pause.cause)}, since ${minuteText(pause.since)}`;
}

function causeText(cause: Pause['cause']): string {
  switch (cause.kind) {
    case 'unreachable':
      return cause.code;
    case 'unauthorised':
      return `token refused (${String(cause.status)})`;
    case 'misdirected':
      return `CRM URL wrong (${String(cause.status)})`;
  }
}
