import type { DeadLetterPage, Discarded, Overview, Range, Redelivered } from '../api-contract.js';

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
/** Few enough to keep the section below them in reach. */
const pageSize = 10;

/** What went wrong, for an error of any function of this file. */
export function failureOf(error: unknown): Failure {
  return error instanceof ApiError ? error.failure : 'unreachable';
}

export function fetchOverview(range: Range): Promise<Overview> {
  return request(`api/overview?range=${range}`) as Promise<Overview>;
}

export function fetchDeadLetters(query: {
  readonly before: number | null;
  readonly search: string;
}): Promise<DeadLetterPage> {
  const parameters = new URLSearchParams({ limit: String(pageSize) });
  if (query.before !== null) parameters.set('before', String(query.before));
  if (query.search !== '') parameters.set('search', query.search);
  return request(`api/dead-letters?${parameters.toString()}`) as Promise<DeadLetterPage>;
}

export async function redeliver(letter: LetterKey): Promise<number> {
  return ((await post(pathOf(letter, 'redeliver'))) as Redelivered).redelivered;
}

export async function discard(letter: LetterKey): Promise<number> {
  return ((await post(pathOf(letter, 'discard'))) as Discarded).discarded;
}

/** What identifies a dead letter. */
export type LetterKey = Pick<DeadLetterPage['letters'][number], 'id' | 'target'>;

function pathOf({ id, target }: LetterKey, action: string): string {
  return `api/dead-letters/${encodeURIComponent(id)}/${action}?target=${encodeURIComponent(target)}`;
}

export async function redeliverAll(): Promise<number> {
  return ((await post('api/dead-letters/redeliver-all')) as Redelivered).redelivered;
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
