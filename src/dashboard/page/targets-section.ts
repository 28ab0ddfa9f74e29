import type { Overview, TargetEntry } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import type { KindName } from './address.js';
import { allowChange } from './change-control.js';
import { byId, make, numberText, setText, unseen } from './element.js';
import { isPausedByHand } from './pause-control.js';
import { pauseText } from './pause-text.js';

/** The table of targets, hidden while there is only one. `press` is called with the target whose button was pressed. */
export function createTargetsSection(
  press: (target: TargetEntry) => void,
): (overview: Pick<Overview, 'targets' | 'stats' | 'counts'>) => void {
  const section = byId('targets', HTMLElement);
  const periods = section.querySelectorAll('[data-period]');
  const rows = byId('targets-rows', HTMLTableSectionElement);
  let shown = new Map<string, TargetRow>();

  return ({ targets, stats, counts }) => {
    section.hidden = targets.length < 2;
    if (section.hidden) return;
    const period = counts === null ? 'this process, since it started' : `past ${counts.range}`;
    for (const place of periods) setText(place, period);
    // A row stays the same element: a button that is replaced loses the focus and the click.
    if (targets.length !== shown.size || !targets.every(({ name }) => shown.has(name))) {
      shown = new Map(targets.map(({ name }) => [name, createRow(name, press)]));
      rows.replaceChildren(...[...shown.values()].map(({ element }) => element));
    }
    for (const target of targets) shown.get(target.name)?.show(target, stats, period);
  };
}

interface TargetRow {
  readonly element: HTMLTableRowElement;
  /** `period` is that of what was done. */
  show(target: TargetEntry, stats: Overview['stats'], period: string): void;
}

function createRow(name: string, press: (target: TargetEntry) => void): TargetRow {
  const state = make('span', 'badge');
  const cause = make('span', 'aside');
  const [pending, oldest, dead, delivered, retried] = ['pending', 'oldest', 'dead', 'delivered', 'retried'].map(() =>
    make('span', ''),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  const word = make('span', '');
  const button = allowChange(make('button', 'button', word, unseen(` delivery to ${name}`)));
  button.type = 'button';
  let latest: TargetEntry | undefined;
  button.addEventListener('click', () => {
    if (latest !== undefined) press(latest);
  });
  const head = make('th', '', name);
  head.scope = 'row';
  const deliveredCell = labelled('', delivered);
  const retriedCell = labelled('', retried);
  const element = make(
    'tr',
    '',
    head,
    make('td', '', state, ' ', cause),
    labelled('Pending now', listLink('pending', name, pending)),
    labelled('Oldest now', oldest),
    labelled('Dead letters now', listLink('dead', name, dead)),
    deliveredCell,
    retriedCell,
    make('td', '', button),
  );
  return {
    element,
    show(target, stats, period) {
      latest = target;
      const isKnown = stats.isOutboxReadable;
      // Those of all processes, so that they agree with the charts.
      const done = target.inRange ?? stats.targets[name] ?? { delivered: 0, retried: 0 };
      const held = (count: number): string => (isKnown ? numberText(count) : 'unknown');
      const of = stateOf(target);
      state.dataset['level'] = of.level;
      setText(state, of.word);
      setText(cause, pauseText(target.pause));
      setText(word, isPausedByHand(target) ? 'Resume' : 'Pause …');
      setText(pending, held(target.pending));
      setText(oldest, isKnown && target.pending > 0 ? durationText(target.oldestAgeMs) : '–');
      setText(dead, held(target.dead));
      setText(delivered, numberText(done.delivered));
      setText(retried, numberText(done.retried));
      deliveredCell.dataset['label'] = `Delivered, ${period}`;
      retriedCell.dataset['label'] = `Retried, ${period}`;
    },
  };
}

/** A cell with a number. On a narrow page, where the rows are blocks, its label stands beside it instead of above the column. */
function labelled(label: string, content: HTMLElement): HTMLTableCellElement {
  const cell = make('td', 'number', content);
  cell.dataset['label'] = label;
  return cell;
}

/** Leads to the list of a target. */
function listLink(kind: KindName, target: string, count: HTMLElement): HTMLAnchorElement {
  const link = make('a', '', count, unseen(kind === 'dead' ? ' dead letters' : ' pending'));
  link.href = `?${new URLSearchParams({ kind, target }).toString()}`;
  return link;
}

function stateOf(target: TargetEntry): { readonly word: string; readonly level: string } {
  const { name, circuit, pause } = target;
  if (isPausedByHand(target)) return { word: '● paused', level: 'attention' };
  if (pause?.cause.kind === 'pausesUnknown') return { word: '▲ waits', level: 'failing' };
  if (circuit === null) return { word: '? unknown', level: 'attention' };
  return circuit === 'closed'
    ? { word: '✓ delivers', level: 'fine' }
    : { word: `▲ waits for ${name}`, level: 'failing' };
}
