import type { IncomingHttpHeaders } from 'node:http';
import { isPlainObject } from '../notification/plain-json.js';
import type { HandleNotification } from './handle-notification.js';
import { refusalReply, refuse, type Refusal, type Reply, type Taken } from './reply.js';

export interface BatchLimits {
  readonly maxBatchCount: number;
  /** How many are handled at once. */
  readonly concurrency: number;
}

/**
 * Handles a batch, each notification by itself: a bad one does nothing to the others. Those of one booking, event or user are
 * handled in the order of the batch; once one of them has to be sent again, so have those after it.
 */
export async function handleBatch(
  json: unknown,
  headers: IncomingHttpHeaders,
  handle: HandleNotification,
  { maxBatchCount, concurrency }: BatchLimits,
): Promise<Reply> {
  const items: unknown = isPlainObject(json) ? json['notifications'] : undefined;
  if (!Array.isArray(items) || items.length === 0) return refusalReply(invalidBatch);
  if (items.length > maxBatchCount) return refusalReply(tooMany(maxBatchCount));

  const results: object[] = [];
  const groups = groupIndexes(items.map(subjectOf));
  const handleGroups = async (): Promise<void> => {
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      let isBlocked = false;
      for (const index of group) {
        const result = isBlocked ? earlierFailed : await handle(items[index], headers);
        isBlocked ||= hasToBeSentAgain(result);
        results[index] = resultOf(items[index], result);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, groups.length) }, handleGroups));
  return { status: 200, body: { results } };
}

/** The indexes of equal texts, in their order; the group that begins first is last, to be taken first. */
function groupIndexes(subjects: readonly string[]): (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [index, subject] of subjects.entries()) {
    const group = groups.get(subject);
    if (group === undefined) groups.set(subject, [index]);
    else group.push(index);
  }
  return [...groups.values()].reverse();
}

/** What a notification is about: by default the lane that the sender delivers it in. */
function subjectOf(item: unknown, index: number): string {
  if (!isPlainObject(item)) return `item:${String(index)}`;
  const data = isPlainObject(item['additional_data']) ? item['additional_data'] : {};
  for (const [name, id] of [
    ['booking', data['booking_id']],
    ['event', data['event_id']],
    ['user', item['user_id']],
  ] as const) {
    if (typeof id === 'number' || typeof id === 'string') return `${name}:${String(id)}`;
  }
  return `item:${String(index)}`;
}

function hasToBeSentAgain(result: Taken | Refusal): boolean {
  return result.kind === 'refused' && (result.status === 409 || result.status >= 500);
}

function resultOf(item: unknown, result: Taken | Refusal): object {
  const id = isPlainObject(item) ? item['notification_id'] : undefined;
  const notification_id = typeof id === 'string' ? id : null;
  if (result.kind === 'taken') return { notification_id, status: 200, duplicate: result.isDuplicate };
  const { status, code, error } = result;
  return { notification_id, status, error, code };
}

const invalidBatch = refuse(
  400,
  'invalid-batch',
  'the body must be an object with a list of notifications: {"notifications":[…]}',
);

function tooMany(maxBatchCount: number): Refusal {
  return refuse(413, 'too-many', `a batch may have ${String(maxBatchCount)} notifications; send smaller ones`);
}

const earlierFailed = refuse(
  409,
  'earlier-failed',
  'an earlier notification of the same booking, event or user has to be sent again, and this one after it',
);
