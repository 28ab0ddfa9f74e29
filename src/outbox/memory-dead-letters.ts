import { addGroups } from './all-dead-letters.js';
import { matchesDead } from './matches-filter.js';
import type {
  AcceptedNotification,
  DeadLetter,
  DeadPiece,
  DeadRange,
  Outbox,
  PendingNotification,
  Settlement,
} from './outbox.js';

export interface DeadEntry {
  readonly letter: DeadLetter;
  readonly notification: AcceptedNotification;
}

/** Dead letters of all targets, in memory. */
export interface MemoryDeadLetters extends Pick<Outbox, 'listDead' | 'searchDead' | 'groupOldest'> {
  readonly size: number;
  add(entry: PendingNotification, settlement: Extract<Settlement, { kind: 'dead' }>): void;
  remove(letter: DeadLetter): void;
  withId(id: string, target: string | undefined): readonly DeadEntry[];
  /** Those of a range that match, oldest first, and where the range goes on. */
  oldestIn(range: DeadRange): { readonly matching: readonly DeadEntry[]; readonly next: number | undefined };
  diedBefore(instant: number, limit: number): readonly DeadEntry[];
}

export function createMemoryDeadLetters(): MemoryDeadLetters {
  // In order of position: positions only grow, and entries are only added at the end.
  const dead = new Map<number, DeadEntry>();
  let lastPosition = 0;

  const newestFirst = (): DeadLetter[] => [...dead.values()].map(({ letter }) => letter).reverse();

  const oldestIn: MemoryDeadLetters['oldestIn'] = ({ after = 0, upTo, limit, ...filter }) => {
    const inRange = [...dead.values()].filter(({ letter: { position } }) => position > after && position <= upTo);
    const matches = matchesDead(filter);
    const seen = inRange.slice(0, limit);
    const next = seen.length < limit ? undefined : (seen.at(-1)?.letter.position ?? after);
    return { matching: seen.filter(({ letter }) => matches(letter)), next };
  };

  return {
    get size() {
      return dead.size;
    },

    add(entry, { attempts, diedAt, reason }) {
      lastPosition += 1;
      const { target, id, type, lane, occurredAt, body, traceparent } = entry;
      dead.set(lastPosition, {
        letter: { target, id, type, lane, occurredAt, diedAt, attempts, reason, position: lastPosition },
        notification: { target, id, type, lane, occurredAt, body, traceparent },
      });
    },

    remove({ position }) {
      dead.delete(position);
    },

    withId: (id, target) =>
      [...dead.values()].filter(({ letter }) => letter.id === id && (target ?? letter.target) === letter.target),

    oldestIn,

    diedBefore: (instant, limit) =>
      [...dead.values()].filter(({ letter: { diedAt } }) => diedAt < instant).slice(0, limit),

    listDead({ limit, before = Infinity, ...filter }) {
      const matches = matchesDead(filter);
      return newestFirst()
        .filter((letter) => letter.position < before && matches(letter))
        .slice(0, limit);
    },

    searchDead({ before, limit, ...filter }, most) {
      const checked = newestFirst()
        .filter(({ position }) => position < before)
        .slice(0, limit);
      const matching = checked.filter(matchesDead(filter));
      const letters = matching.slice(0, most);
      const end = checked.length < limit ? undefined : checked.at(-1)?.position;
      return { letters, next: letters.length < most ? end : letters.at(-1)?.position };
    },

    groupOldest(range) {
      const { matching, next } = oldestIn(range);
      return { groups: groupsOf(matching.map(({ letter }) => letter)), next };
    },
  };
}

/** Oldest first. */
function groupsOf(letters: readonly DeadLetter[]): DeadPiece['groups'] {
  const groups = new Map<string, DeadPiece['groups'][number]>();
  for (const { target, type, reason, position, diedAt } of letters) {
    addGroups(groups, [{ target, type, reason: reason.kind, status: reason.status, count: 1, position, diedAt }]);
  }
  return [...groups.values()];
}
