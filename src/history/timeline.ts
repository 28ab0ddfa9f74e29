import { acceptedAtOf } from '../core/ids.js';
import { matchesDead } from '../outbox/matches-filter.js';
import type { DeadFilter, DeadLetter, DeadReason, LanePlace, StoredNotification } from '../outbox/outbox.js';
import type { OutboxReading } from '../outbox/outbox-access.js';
import { isFirstReport } from './by-hand.js';
import type {
  DeliveredNotification,
  History,
  KeptTimeline,
  TargetTimeline,
  Timeline,
  TimelineEntry,
} from './history.js';

/** What an outbox and its history know of a notification. */
export async function readTimeline(
  outbox: Pick<OutboxReading, 'find' | 'placeInLane'>,
  history: Pick<History, 'timeline'>,
  id: string,
): Promise<Timeline> {
  const acceptedAt = acceptedAtOf(id);
  // The history first: what is settled meanwhile is then pending here rather than nowhere.
  const kept = await history.timeline(id, acceptedAt ?? 0);
  const stored = await outbox.find(id);
  const places = await Promise.all(
    stored.map((entry) =>
      entry.state === 'pending'
        ? outbox.placeInLane(entry.target, entry.lane, entry.position)
        : Promise.resolve(undefined),
    ),
  );
  const names = new Set(
    [...kept.entries, ...kept.delivered, ...stored].flatMap((one) => (one.id === id ? [one.target] : [])),
  );
  const targets = [...names].map((target) => {
    const index = stored.findIndex((entry) => entry.target === target);
    return timelineFor({ target, acceptedAt, kept, stored: stored[index], place: places[index] });
  });
  return { id, acceptedAt, targets };
}

interface Known {
  readonly target: string;
  readonly acceptedAt: number | undefined;
  readonly kept: KeptTimeline;
  readonly stored: StoredNotification | undefined;
  readonly place: LanePlace | undefined;
}

function timelineFor({ target, acceptedAt, kept, stored, place }: Known): TargetTimeline {
  const own = kept.entries.filter((entry) => entry.id !== '' && entry.target === target);
  const delivered = kept.delivered.filter((one) => one.target === target);
  const known = withDeath(sorted([...own, ...delivered.map(entryOfDelivered)]), stored);
  const happened = withChanges(known, kept.entries, stored);
  const end = stored === undefined ? (happened.at(-1)?.lastAt ?? Infinity) : Infinity;
  const pauses = kept.entries.filter(
    ({ id, target: paused, kind, at }) =>
      id === '' &&
      paused === target &&
      (kind === 'paused' || kind === 'resumed') &&
      at >= (acceptedAt ?? 0) &&
      at <= end,
  );
  const entries = sorted([...happened, ...pauses.filter(isFirstReport)]);
  const { type = '', lane = '' } = stored ?? happened.at(-1) ?? {};
  const state = stored?.state ?? stateAfter(happened);
  return { target, type, lane, state, entries, nextAttemptAt: nextAttemptAt(stored), place };
}

/** A death that the outbox still shows is there though it was before anything was kept. */
function withDeath(
  happened: readonly TimelineEntry[],
  stored: StoredNotification | undefined,
): readonly TimelineEntry[] {
  if (stored?.state !== 'dead' || happened.at(-1)?.kind === 'dead') return happened;
  const { id, target, type, lane, attempts, diedAt, reason } = stored;
  const about = { id, target, type, lane, at: diedAt, lastAt: diedAt, count: 1, attempts, durationMs: null, by: null };
  const { kind, status = null, detail } = reason;
  return [...happened, { kind: 'dead', ...about, status, code: kind, detail }];
}

function nextAttemptAt(stored: StoredNotification | undefined): number | undefined {
  return stored?.state === 'pending' ? stored.nextAttemptAt : undefined;
}

/** What became of a notification that is no longer in the outbox. */
function stateAfter(happened: readonly TimelineEntry[]): TargetTimeline['state'] {
  const last = happened.at(-1)?.kind;
  return last === 'delivered' || last === 'discarded' ? last : 'gone';
}

/** With the changes of all that matched, where it was among them: it was dead then, and had not been changed by itself. */
function withChanges(
  happened: readonly TimelineEntry[],
  entries: readonly TimelineEntry[],
  stored: StoredNotification | undefined,
): readonly TimelineEntry[] {
  const changes = entries.filter(({ id, kind }) => id === '' && (kind === 'redelivered' || kind === 'discarded'));
  const used = new Set<TimelineEntry>();
  return happened.flatMap((death, index) => {
    if (death.kind !== 'dead') return [death];
    const next = happened[index + 1];
    // It is still this dead letter.
    if (next === undefined && stored?.state === 'dead') return [death];
    const change = changes.find(
      (one) =>
        !used.has(one) &&
        one.at >= death.at &&
        one.at <= (next?.at ?? Infinity) &&
        matchesDead(filterIn(one.detail))(letterOf(death)),
    );
    if (change === undefined) return [death];
    used.add(change);
    const { id, target, type, lane } = death;
    return [death, { ...change, id, target, type, lane, detail: withoutIds(change.detail) }];
  });
}

function letterOf({ id, target, type, lane, at, attempts, status, code, detail }: TimelineEntry): DeadLetter {
  const reason = { kind: code as DeadReason['kind'], status: status ?? undefined, detail };
  return { id, target, type, lane, occurredAt: at, diedAt: at, attempts, reason, position: 0 };
}

/** Ids of others are nothing of this one: how many were selected is its count. */
function withoutIds(detail: string): string {
  const { ids, ...filter } = filterIn(detail);
  return JSON.stringify(ids === undefined ? filter : { ...filter, ids: [] });
}

function filterIn(detail: string): DeadFilter {
  // An infinite instant has become null.
  const filter = Object.entries(JSON.parse(detail) as DeadFilter).filter(([, value]) => value !== null);
  return Object.fromEntries(filter);
}

function entryOfDelivered(delivered: DeliveredNotification): TimelineEntry {
  const { id, target, type, lane, deliveredAt, attempts, status, durationMs } = delivered;
  const about = { id, target, type, lane, at: deliveredAt, lastAt: deliveredAt, count: 1 };
  return { kind: 'delivered', ...about, attempts, status, code: null, durationMs, detail: '', by: null };
}

/** Oldest first; what happened at the same instant stays in its order. */
function sorted(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  return [...entries].sort((one, other) => one.at - other.at);
}
