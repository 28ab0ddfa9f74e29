import type { DeadSummary } from '../../outbox/outbox.js';
import type {
  DeadLetterPage,
  Discarded,
  NotificationBody,
  NotificationView,
  Overview,
  PauseChanged,
  Range,
  Redelivered,
  TriedNow,
} from '../api-contract.js';

import type { LetterFilter } from './address.js';

/** `signed-out`: 401. `unavailable`: another error status. `unreachable`: no response. */
export type Failure = 'signed-out' | 'unavailable' | 'unreachable';

class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

const timeoutMs = 10_000;
/** Dead letters on a page: few enough to keep the section below them in reach. */
export const pageSize = 10;

/** What went wrong, for an error of any function of this file. */
export function failureOf(error: unknown): Failure {
  return error instanceof ApiError ? error.failure : 'unreachable';
}

/** `after`: the newest attempt that is known already. */
export function fetchOverview(range: Range, after: string): Promise<Overview> {
  const parameters = new URLSearchParams({ range, ...(after === '' ? {} : { after }) });
  return request(`api/overview?${parameters.toString()}`) as Promise<Overview>;
}

export function fetchDeadLetters(query: {
  readonly before: number | null;
  readonly filter: LetterFilter;
}): Promise<DeadLetterPage> {
  const parameters = parametersOf(query.filter);
  parameters.set('limit', String(pageSize));
  if (query.before !== null) parameters.set('before', String(query.before));
  return request(`api/dead-letters?${parameters.toString()}`) as Promise<DeadLetterPage>;
}

/** `from`: only those that died at this instant or later, in milliseconds since 1970. */
export function fetchSummary(filter: LetterFilter, from?: number): Promise<DeadSummary> {
  const parameters = parametersOf(filter);
  if (from !== undefined) parameters.set('from', String(from));
  return request(`api/dead-letters/summary?${parameters.toString()}`) as Promise<DeadSummary>;
}

function parametersOf(filter: LetterFilter): URLSearchParams {
  return new URLSearchParams(Object.entries(filter).filter(([, text]) => text !== ''));
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

export function redeliverAll(filter: LetterFilter): Promise<Redelivered> {
  return post(`api/dead-letters/redeliver-all?${parametersOf(filter).toString()}`) as Promise<Redelivered>;
}

export async function discardAll(filter: LetterFilter): Promise<number> {
  return ((await post(`api/dead-letters/discard-all?${parametersOf(filter).toString()}`)) as Discarded).discarded;
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

function post(path: string): Promise<unknown> {
  // No other site can set this header: see request-guard.ts.
  return request(path, { method: 'POST', headers: { 'X-CRM-Dashboard': '1' } });
}

async function request(path: string, init: RequestInit = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  } catch {
    throw new ApiError('unreachable');
  }
  if (response.status === 401) throw new ApiError('signed-out');
  if (!response.ok) throw new ApiError('unavailable');
  try {
    return await response.json();
  } catch {
    throw new ApiError('unreachable');
  }
}
