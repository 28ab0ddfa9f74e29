import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { DeadLetter } from '../outbox/outbox.js';
import { resumedByHandCode } from './by-hand.js';
import type { ChangeKind, DeliveredNotification, TimelineEntry } from './timeline-entry.js';

/** What an event leaves in the timelines; undefined if that is nothing, or if it is kept otherwise. */
export function entryOfEvent(event: DeliveryEvent, now: number): TimelineEntry | undefined {
  switch (event.kind) {
    case 'retry': {
      const { status = null, code = null, detail } = event;
      return { kind: 'retry', ...aboutAttempt(event), status, code, detail };
    }
    case 'unsent':
      return { kind: 'unsent', ...aboutAttempt(event), code: event.code };
    case 'refused':
      return { kind: 'refused', ...aboutAttempt(event), status: event.status, detail: event.detail };
    case 'dead': {
      const { kind, status, detail } = event.reason;
      return { kind: 'dead', ...aboutAttempt(event), status: status ?? null, code: kind, detail };
    }
    case 'paused': {
      const { cause } = event;
      const { status, code } = { status: null, code: null, ...cause };
      return { ...ofAll(event.target, now), kind: 'paused', status, code: code ?? cause.kind };
    }
    case 'resumed':
      return { ...ofAll(event.target, now), kind: 'resumed' };
    case 'pausedByHand':
      return { ...ofAll(event.target, event.since), kind: 'paused', by: event.by };
    case 'resumedByHand':
      return { ...ofAll(event.target, now), kind: 'resumed', code: resumedByHandCode, by: event.by };
    default:
      return undefined;
  }
}

const plain = { count: 1, status: null, code: null, durationMs: null, detail: '', by: null } as const;

function aboutAttempt(event: Extract<DeliveryEvent, { readonly durationMs: number }>): Omit<TimelineEntry, 'kind'> {
  const { id, target, type, lane, endedAt, attempts, durationMs } = event;
  return { id, target, type, lane, at: endedAt, lastAt: endedAt, ...plain, attempts, durationMs };
}

function ofAll(target: string, at: number): Omit<TimelineEntry, 'kind'> {
  return { ...plain, id: '', target, type: '', lane: '', at, lastAt: at, attempts: 0 };
}

/** Somebody has redelivered or discarded this dead letter. */
export function entryOfChange(
  kind: ChangeKind,
  { id, target, type, lane, attempts }: Pick<DeadLetter, 'id' | 'target' | 'type' | 'lane' | 'attempts'>,
  at: number,
  by: string | undefined,
): TimelineEntry {
  return { ...plain, id, target, type, lane, kind, at, lastAt: at, attempts, by: by ?? null };
}

/** Somebody has redelivered or discarded all dead letters that match a filter. */
export function entryOfChangedAll(
  kind: ChangeKind,
  filter: object,
  { at, count, by }: { readonly at: number; readonly count: number; readonly by: string | undefined },
): TimelineEntry {
  return { ...ofAll('', at), kind, count, by: by ?? null, detail: JSON.stringify(filter) };
}

export function deliveredOf(
  event: Extract<DeliveryEvent, { kind: 'delivered' }>,
): Omit<DeliveredNotification, 'position'> {
  const { id, target, type, lane, endedAt, ageMs, attempts, status, durationMs } = event;
  const acceptedAt = Math.round(endedAt - ageMs);
  return { id, target, type, lane, acceptedAt, deliveredAt: endedAt, attempts, status, durationMs };
}
