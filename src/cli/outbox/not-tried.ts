import type { TargetTimeline } from '../../history/history.js';
import { CliFailure } from '../command.js';
import { safeText } from '../output.js';
import type { ReadableOutbox } from './open-outbox.js';

/** Which notification cannot be tried, though nobody has paused its target. */
export interface Untried {
  readonly id: string;
  /** For this target only. */
  readonly target: string | undefined;
  /** The outbox, for people. */
  readonly place: string;
}

/** Why a notification cannot be tried: what it is for each of its targets, and what to do instead. */
export async function whyNotTried(outbox: ReadableOutbox, { id, target, place }: Untried): Promise<CliFailure> {
  const { targets } = await outbox.timeline(id);
  const wanted = targets.filter((known) => known.target === (target ?? known.target));
  if (wanted.length === 0) {
    const names = targets.map((known) => known.target).join(', ');
    const text =
      target === undefined || names === '' ? 'nothing is known of it' : `it is not for ${target}, but for ${names}`;
    return new CliFailure(`${id} is not in ${place}: ${safeText(text)}`, notFound);
  }
  const states = new Set(wanted.map(({ state }) => state));
  // Where all are the same, one command is for all of them; but each target has lanes of its own.
  const isOneOfSeveral = targets.length > 1 && (target !== undefined || states.size > 1 || states.has('pending'));
  const reasons: Reason[] = [];
  for (const known of wanted) reasons.push(await reasonOf(outbox, { id, known, isOneOfSeveral }));
  const texts = new Set(reasons.map(({ text }) => text));
  return new CliFailure(safeText([...texts].join('; ')), reasons[0]?.code ?? notFound);
}

interface Reason {
  readonly text: string;
  readonly code: string;
}

interface OfTarget {
  readonly id: string;
  readonly known: TargetTimeline;
  readonly isOneOfSeveral: boolean;
}

async function reasonOf(outbox: ReadableOutbox, { id, known, isOneOfSeveral }: OfTarget): Promise<Reason> {
  const { target, state, lane, place } = known;
  const to = isOneOfSeveral ? ` to ${target}` : '';
  const option = isOneOfSeveral ? ` --target ${target}` : '';
  switch (state) {
    case 'pending': {
      const before = place?.before ?? 0;
      const [first] = await outbox.listPending({ target, lane, limit: 1 });
      if (before === 0 || first === undefined) return { text: `${id} has just changed; try it again`, code: notFirst };
      const wait = before === 1 ? '1 waits' : `${String(before)} wait`;
      const fix = `try the first one of the lane: crm-notifier outbox try ${first.id}${option}`;
      return { text: `${wait} before ${id} in its lane${to}; ${fix}`, code: notFirst };
    }
    case 'dead':
      return {
        text: `${id} is a dead letter; to deliver it${to}, run: crm-notifier outbox redeliver ${id}${option}`,
        code: 'ERR_DEAD_LETTER',
      };
    case 'delivered':
      return { text: `${id} was delivered${to} already; ${seeIn(id)}`, code: notFound };
    case 'discarded':
      return { text: `${id} was discarded; ${seeIn(id)}`, code: notFound };
    case 'gone':
      return { text: `${id} is neither pending nor dead any more; ${seeIn(id)}`, code: notFound };
  }
}

const notFound = 'ERR_NOT_FOUND';
const notFirst = 'ERR_NOT_FIRST';

function seeIn(id: string): string {
  return `see crm-notifier outbox show ${id}`;
}
