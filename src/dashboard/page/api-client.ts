import type { DeadSummary, PendingCount } from '../../outbox/outbox.js';
import type {
  DeadLetterPage,
  DeliveredCount,
  DeliveredPage,
  Discarded,
  NotificationBody,
  NotificationView,
  Overview,
  PauseChanged,
  PendingPage,
  Range,
  Redelivered,
  Refusal,
  SelectedKeys,
  TriedNow,
} from '../api-contract.js';
import { filterNames, noFilter, type FilterName, type ListFilter } from './address.js';

/** `signed-out`: 401. `may-not-change`: a change is refused. `unavailable`: another error status. `unreachable`: no response. */
export type Failure = 'signed-out' | 'may-not-change' | 'unavailable' | 'unreachable';

class ApiError extends Error {
  readonly failure: Failure;
  /** Why the server refused a change that is possible at another time. */
  readonly words: string | undefined;

  constructor(failure: Failure, words?: string) {
    super(failure);
    this.failure = failure;
    this.words = words;
  }
}

const timeoutMs = 10_000;
/** A change of a million dead letters takes minutes; the page shows how far it is. */
const changeTimeoutMs = 600_000;
/** Notifications on a page of the list. */
const pageSize = 50;

/** What went wrong, for an error of any function of this file. */
export function failureOf(error: unknown): Failure {
  return error instanceof ApiError ? error.failure : 'unreachable';
}

/** Why the server refused a change that is possible at another time; undefined if it failed otherwise. */
export function refusalWordsOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.words : undefined;
}

/** `after`: the newest attempt that is known already. */
export function fetchOverview(range: Range, after: string): Promise<Overview> {
  const parameters = new URLSearchParams({ range, ...(after === '' ? {} : { after }) });
  return request(`api/overview?${parameters.toString()}`) as Promise<Overview>;
}

export function fetchDeadLetters(query: {
  readonly before: number | null;
  readonly filter: ListFilter;
}): Promise<DeadLetterPage> {
  const page = { limit: pageSize, before: query.before };
  return request(`api/dead-letters?${parametersOf('dead-letters', query.filter, page)}`) as Promise<DeadLetterPage>;
}

export function fetchPending(query: {
  readonly after: number | null;
  readonly filter: ListFilter;
}): Promise<PendingPage> {
  const page = { limit: pageSize, after: query.after };
  return request(`api/pending?${parametersOf('pending', query.filter, page)}`) as Promise<PendingPage>;
}

export function fetchPendingCount(filter: ListFilter): Promise<PendingCount> {
  return request(`api/pending/count?${parametersOf('pending', filter)}`) as Promise<PendingCount>;
}

export function fetchDelivered(query: {
  readonly before: number | null;
  readonly filter: ListFilter;
}): Promise<DeliveredPage> {
  const page = { limit: pageSize, before: query.before };
  return request(`api/delivered?${parametersOf('delivered', query.filter, page)}`) as Promise<DeliveredPage>;
}

export async function fetchDeliveredCount(filter: ListFilter): Promise<number> {
  return ((await request(`api/delivered/count?${parametersOf('delivered', filter)}`)) as DeliveredCount).count;
}

/** `from`: only those that died at this instant or later, in milliseconds since 1970. */
export function fetchSummary(filter: ListFilter, from?: number): Promise<DeadSummary> {
  const narrowed = from === undefined ? filter : { ...filter, from: String(Math.max(from, Number(filter.from))) };
  return request(`api/dead-letters/summary?${parametersOf('dead-letters', narrowed)}`) as Promise<DeadSummary>;
}

/** The address of what matches as a file. */
export function exportUrl(path: string, format: 'csv' | 'json', filter: ListFilter): string {
  return `api/${path}/export?${parametersOf(path, filter, { format })}`;
}

/** What a part of the API does not take. */
const foreign: Readonly<Record<string, readonly FilterName[]>> = {
  'dead-letters': ['attempts'],
  pending: ['reason', 'status'],
  delivered: ['reason', 'status', 'attempts'],
};

function parametersOf(path: string, filter: ListFilter, more: Readonly<Record<string, unknown>> = {}): string {
  const given = filterNames.filter((name) => filter[name] !== '' && foreign[path]?.includes(name) !== true);
  const others = Object.entries(more).filter(([, value]) => value !== null);
  return new URLSearchParams([
    ...given.map((name) => [name, filter[name]]),
    ...others.map(([name, value]) => [name, String(value)]),
  ]).toString();
}

export function redeliver(letter: LetterKey): Promise<Redelivered> {
  return post(pathOf(letter, 'redeliver')) as Promise<Redelivered>;
}

export async function discard(letter: LetterKey): Promise<number> {
  return ((await post(pathOf(letter, 'discard'))) as Discarded).discarded;
}

/** What identifies a dead letter. */
export type LetterKey = Pick<DeadLetterPage['letters'][number], 'id' | 'target'>;

function pathOf({ id, target }: LetterKey, action: string): string {
  return `api/dead-letters/${encodeURIComponent(id)}/${action}?target=${encodeURIComponent(target)}`;
}

export function redeliverAll(filter: ListFilter): Promise<Redelivered> {
  return post(`api/dead-letters/redeliver-all?${parametersOf('dead-letters', filter)}`) as Promise<Redelivered>;
}

export async function discardAll(filter: ListFilter): Promise<number> {
  const path = `api/dead-letters/discard-all?${parametersOf('dead-letters', filter)}`;
  return ((await post(path)) as Discarded).discarded;
}

/** Of one target, or of all. */
export function changePause(call: 'pause' | 'resume', target: string | null): Promise<PauseChanged> {
  const query = target === null ? '' : `?target=${encodeURIComponent(target)}`;
  return post(`api/${call}${query}`) as Promise<PauseChanged>;
}

export function fetchNotification(id: string): Promise<NotificationView> {
  return request(`api/notifications/${encodeURIComponent(id)}`) as Promise<NotificationView>;
}

/** Returns whether it is tried. */
export async function tryNow({ id, target }: LetterKey): Promise<boolean> {
  const path = `api/notifications/${encodeURIComponent(id)}/try-now?target=${encodeURIComponent(target)}`;
  return ((await post(path)) as TriedNow).tried > 0;
}

/** With each value replaced. */
export async function fetchBody(letter: LetterKey): Promise<string> {
  return ((await request(bodyPathOf(letter))) as NotificationBody).body;
}

/** As it is, which the server logs. */
export async function revealBody(letter: LetterKey): Promise<string> {
  return ((await post(bodyPathOf(letter))) as NotificationBody).body;
}

function bodyPathOf({ id, target }: LetterKey): string {
  return `api/notifications/${encodeURIComponent(id)}/body?target=${encodeURIComponent(target)}`;
}

/** Redelivers those of one target with these ids. */
export function redeliverSelected({ target, ids }: SelectedIds): Promise<Redelivered> {
  return postIds('redeliver-selected', { target, ids }) as Promise<Redelivered>;
}

export async function discardSelected({ target, ids }: SelectedIds): Promise<number> {
  return ((await postIds('discard-selected', { target, ids })) as Discarded).discarded;
}

/** How many of these ids are dead letters of the target. */
export async function countSelected({ target, ids }: SelectedIds): Promise<number> {
  return ((await postIds('summary-of-selected', { target, ids })) as DeadSummary).count;
}

/** Which of these ids are dead letters of the target, and match. */
export async function fetchSelected({ target, ids }: SelectedIds, filter: ListFilter): Promise<readonly LetterKey[]> {
  return ((await postIds('keys-of-selected', { target, ids }, filter)) as SelectedKeys).letters;
}

export interface SelectedIds {
  readonly target: string;
  /** At most 1,000. */
  readonly ids: readonly string[];
}

function postIds(action: string, { target, ids }: SelectedIds, filter: ListFilter = noFilter): Promise<unknown> {
  const path = `api/dead-letters/${action}?${parametersOf('dead-letters', { ...filter, target })}`;
  return post(path, { body: JSON.stringify({ ids }), type: { 'Content-Type': 'application/json' } });
}

function post(
  path: string,
  { body, type }: { readonly body: string | null; readonly type: Record<string, string> } = { body: null, type: {} },
): Promise<unknown> {
  // No other site can set this header: see request-guard.ts.
  const headers = { ...type, 'X-CRM-Dashboard': '1' };
  return request(path, { method: 'POST', headers, body }, changeTimeoutMs);
}

async function request(path: string, init: RequestInit = {}, withinMs = timeoutMs): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, redirect: 'error', signal: AbortSignal.timeout(withinMs) });
  } catch {
    throw new ApiError('unreachable');
  }
  if (response.status === 401) throw new ApiError('signed-out');
  if (!response.ok) throw await errorOf(response);
  try {
    return await response.json();
  } catch {
    throw new ApiError('unreachable');
  }
}

/** The error of a response that is none of ours, as a proxy's, says no more than that. */
async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { code, message } = ((await response.json()) as Refusal).error;
    if (response.status === 403 && code === 'may-not-change') return new ApiError('may-not-change');
    return new ApiError('unavailable', response.status === 409 ? message : undefined);
  } catch {
    return new ApiError('unavailable');
  }
}
