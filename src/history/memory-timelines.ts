import { isByHand, isFirstReport } from './by-hand.js';
import { isSameProbe, joined } from './timeline-buffer.js';
import {
  type ChangeKind,
  type DeliveredFilter,
  type DeliveredNotification,
  entriesKeptMs,
  firstKept,
  type History,
  type HistoryReport,
  type KeptDelivered,
  latestKept,
  maxEntries,
  maxLatestChanges,
  maxOfAll,
  type TimelineEntry,
} from './history.js';
import { matchesDelivered } from './matches-delivered.js';

/** What happened to notifications, in memory. */
export interface MemoryTimelines extends Pick<
  History,
  'record' | 'timeline' | 'changes' | 'listDelivered' | 'countDelivered'
> {
  readonly add: (report: Pick<HistoryReport, 'entries' | 'delivered'>) => void;
}

export function createMemoryTimelines(now: () => number, kept: KeptDelivered): MemoryTimelines {
  /** Of each notification for each target, in the order in which they began. */
  const timelines = new Map<string, TimelineEntry[]>();
  let ofAll: TimelineEntry[] = [];
  let entryCount = 0;
  let delivered: DeliveredNotification[] = [];
  let lastPosition = 0;

  const addEntry = (entry: TimelineEntry): void => {
    const key = `${entry.id} ${entry.target}`;
    const own = timelines.get(key) ?? [];
    timelines.set(key, own);
    const last = own.at(-1);
    if (last !== undefined && isSameProbe(last, entry)) own[own.length - 1] = joined(last, entry);
    else {
      own.push(entry);
      entryCount += 1;
    }
    if (own.length <= firstKept + latestKept) return;
    own.splice(firstKept, 1);
    entryCount -= 1;
  };

  const add = (report: Pick<HistoryReport, 'entries' | 'delivered'>): void => {
    const keptFrom = now() - entriesKeptMs;
    for (const entry of report.entries) if (entry.id !== '') addEntry(entry);
    ofAll = [...ofAll, ...report.entries.filter(({ id }) => id === '')].slice(-maxOfAll);
    ofAll = ofAll.filter(({ lastAt }) => lastAt >= keptFrom);
    for (const [key, own] of timelines) {
      if (entryCount <= maxEntries && (own.at(-1)?.lastAt ?? 0) >= keptFrom) break;
      timelines.delete(key);
      entryCount -= own.length;
    }
    for (const one of report.delivered) {
      lastPosition += 1;
      delivered.push({ ...one, position: lastPosition });
    }
    const from = now() - kept.ms;
    delivered = delivered.slice(Math.max(0, delivered.length - kept.count)).filter((one) => one.deliveredAt > from);
  };

  const matchingOf = (filter: DeliveredFilter): DeliveredNotification[] => {
    const from = now() - kept.ms;
    return delivered.filter((one) => one.deliveredAt > from && matchesDelivered(one, filter));
  };

  return {
    add,
    record(entries) {
      add({ entries, delivered: [] });
      return Promise.resolve();
    },
    timeline(id, from) {
      const own = [...timelines.values()].filter(([first]) => first?.id === id).flat();
      const entries = [...own, ...ofAll.filter(({ at }) => at >= from)];
      return Promise.resolve({ entries, delivered: delivered.filter((one) => one.id === id) });
    },
    changes(from) {
      const changed = [...timelines.values()]
        .flat()
        .concat(ofAll)
        .filter((entry) => entry.at >= from && isByHand(entry))
        .filter(isFirstReport);
      const sumOf = (sought: ChangeKind): number =>
        changed.reduce((sum, { kind, count }) => sum + (kind === sought ? count : 0), 0);
      const latest = changed.sort((one, other) => other.at - one.at).slice(0, maxLatestChanges);
      return Promise.resolve({ redelivered: sumOf('redelivered'), discarded: sumOf('discarded'), latest });
    },
    listDelivered({ limit, before = Infinity, ...filter }) {
      const matching = matchingOf(filter).filter(({ position }) => position < before);
      return Promise.resolve(matching.reverse().slice(0, limit));
    },
    countDelivered: (filter) => Promise.resolve(matchingOf(filter).length),
  };
}
