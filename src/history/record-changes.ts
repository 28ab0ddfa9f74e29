import type { DeadLetter, StoredNotification } from '../outbox/outbox.js';
import type { AllDeadLetters, OutboxAccess } from '../outbox/outbox-access.js';
import { entryOfChange, entryOfChangedAll } from './entry-of-event.js';
import type { ChangeKind, TimelineEntry } from './history.js';

/** Changes of dead letters that also say who asks for them. */
export interface RecordedChanges {
  /** Each resolves to how many dead letters it changed. `onPiece` returns whether to continue. */
  redeliver(id: string, target?: string, by?: string): Promise<number>;
  redeliverAll(which: ChangedLetters, onPiece?: () => boolean): Promise<number>;
  discard(id: string, target?: string, by?: string): Promise<number>;
  discardAll(which: ChangedLetters, onPiece?: () => boolean): Promise<number>;
}

/** Which dead letters, and who asks for the change. */
export interface ChangedLetters extends AllDeadLetters {
  readonly by?: string | undefined;
}

type Changes = Pick<OutboxAccess, 'find' | 'redeliver' | 'redeliverAll' | 'discard' | 'discardAll'>;

export interface RecordChangesOptions {
  readonly now: () => number;
  /** What to add to the timelines. Must not throw. */
  readonly onChanged: (entries: readonly TimelineEntry[]) => void | Promise<void>;
}

/**
 * Passes changes on, and what they leave in the timelines. A change of all that match is one entry, with its filter: which ones those
 * were follows from their deaths.
 */
export function recordChanges(changes: Changes, { now, onChanged }: RecordChangesOptions): RecordedChanges {
  const changeOne = async (
    kind: ChangeKind,
    [id, target, by]: readonly [string, string | undefined, string | undefined],
    change: (id: string, target?: string) => Promise<number>,
  ): Promise<number> => {
    const dead = (await changes.find(id, target)).filter(isDead);
    const count = await change(id, target);
    const chosen = dead.filter((letter) => (target ?? letter.target) === letter.target);
    if (count > 0) await onChanged(chosen.map((letter) => entryOfChange(kind, letter, now(), by)));
    return count;
  };

  const changeAll = async (
    kind: ChangeKind,
    { by, ...which }: ChangedLetters,
    change: (which: AllDeadLetters) => Promise<number>,
  ): Promise<number> => {
    const at = now();
    const count = await change(which);
    const { upTo: _upTo, ...filter } = which;
    if (count > 0) await onChanged([entryOfChangedAll(kind, filter, { at, count, by })]);
    return count;
  };

  return {
    redeliver: (id, target, by) =>
      changeOne('redelivered', [id, target, by], (...which) => changes.redeliver(...which)),
    redeliverAll: (which, onPiece) => changeAll('redelivered', which, (all) => changes.redeliverAll(all, onPiece)),
    discard: (id, target, by) => changeOne('discarded', [id, target, by], (...which) => changes.discard(...which)),
    discardAll: (which, onPiece) => changeAll('discarded', which, (all) => changes.discardAll(all, onPiece)),
  };
}

function isDead(stored: StoredNotification): stored is StoredNotification & DeadLetter & { readonly state: 'dead' } {
  return stored.state === 'dead';
}
