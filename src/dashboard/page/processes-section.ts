import type { Overview, ProcessEntry } from '../api-contract.js';
import { byId, dayAndTimeText, make, timeElement } from './element.js';

/** The table of processes, hidden while they are not known. It is rebuilt only when one comes or goes, or another leads. */
export function createProcessesSection(): (processes: Overview['processes']) => void {
  const section = byId('processes', HTMLElement);
  const rows = byId('processes-rows', HTMLTableSectionElement);
  let shown = '';

  return (processes) => {
    section.hidden = processes === null;
    const current = JSON.stringify(processes);
    if (current === shown || processes === null) return;
    shown = current;
    rows.replaceChildren(...processes.map(rowOf));
  };
}

function rowOf({ isThis, name, pid, startedAt, isLeader }: ProcessEntry): HTMLElement {
  const role = make('span', isLeader ? 'badge' : '', isLeader ? '✓ delivers' : 'only accepts');
  if (isLeader) role.dataset['level'] = 'fine';
  return make(
    'tr',
    '',
    make('td', '', name),
    make('td', 'number', String(pid)),
    make('td', '', timeElement(startedAt, dayAndTimeText(startedAt))),
    make('td', '', role, ...(isThis ? [' ', make('span', 'aside', 'serves this page')] : [])),
  );
}
