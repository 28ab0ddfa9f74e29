import { readingGiven, unreadable } from '../core/reading-given.js';
import type { DeliveredQuery } from '../history/history.js';
import type { DeadFilter, DeadQuery, PendingQuery } from '../outbox/outbox.js';
import { checkObject, invalidArgument } from './check-arguments.js';

/** What callers without types may pass as a filter: a name that is mistyped would let everything match. */

type Checks<Filter> = { readonly [Name in keyof Filter]-?: Check };

interface Check {
  readonly must: string;
  readonly accepts: (value: unknown) => boolean;
}

const maxIds = 1_000;

const text: Check = { must: 'must be a text', accepts: (value) => typeof value === 'string' };
const number: Check = {
  must: 'must be a number',
  accepts: (value) => typeof value === 'number' && !Number.isNaN(value),
};
/** Of a list; what is no number is the usual limit. */
const anything: Check = { must: '', accepts: () => true };
const attempts: Check = {
  must: "must be 'none' or 'some'",
  accepts: (value) => value === 'none' || value === 'some',
};
const ids: Check = {
  must: `must be a list of at most ${String(maxIds)} ids; call again for the others`,
  accepts: (value) => Array.isArray(value) && value.length <= maxIds && value.every((id) => typeof id === 'string'),
};

const ofAll = { search: text, target: text, type: text, lane: text, from: number, to: number };
const ofDead: Checks<DeadFilter> = { ...ofAll, reason: text, status: number, ids };
const ofDeadList: Checks<DeadQuery> = { ...ofDead, limit: anything, before: number };
const ofPendingList: Checks<PendingQuery> = { ...ofAll, attempts, limit: anything, after: number };
const ofDeliveredList: Checks<DeliveredQuery> = { ...ofAll, limit: anything, before: number };

export const filterChecks = {
  dead: ofDead,
  deadList: ofDeadList,
  pending: { ...ofAll, attempts },
  pendingList: ofPendingList,
  delivered: ofAll,
  deliveredList: ofDeliveredList,
};

/** Returns the filter. Throws `CRMValidationError`, which names the call, for an unknown name and for a value of another kind. */
export function checkFilter<Filter extends object>(call: string, given: Filter, checks: Checks<Filter>): Filter {
  const filter = checkObject(call, given, Object.keys(checks) as (keyof Filter)[]);
  for (const [name, value] of Object.entries(filter)) {
    const check = checks[name as keyof Filter];
    const isAccepted = readingGiven(
      () => value === undefined || check.accepts(value),
      () => invalidArgument(call, name, unreadable),
    );
    if (!isAccepted) throw invalidArgument(call, name, check.must);
  }
  return filter;
}
