import type { ReceivedRequest } from '../testing/received-request.js';

/** A request that arrived at the CRM, for its page. What comes from the request may be anything. */
export interface Arrival {
  /** Counts from 1. */
  readonly number: number;
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number;
  /** The notification's type, or method and path of a request that is none. */
  readonly type: string;
  readonly id: string | null;
  readonly userId: string | null;
  /** How many attempts came before it. */
  readonly retryCount: number;
  /** Of the response; null while there is none. */
  readonly status: number | null;
  /** The body of the request; null unless bodies are shown. */
  readonly body: string | null;
}

/** What the page does not have yet. */
export interface ArrivalsUpdate {
  /** Another one for each run of the command: what the page has of an earlier run does not count. */
  readonly run: number;
  /** To be given with the next question. */
  readonly seen: number;
  /** The fault that is simulated, or `ok`. */
  readonly fault: string;
  /** How many have arrived so far. */
  readonly total: number;
  /** The most recent ones, oldest first: those that arrived or got their response since `seen`. */
  readonly arrivals: readonly Arrival[];
}

/** The most recent arrivals, kept in memory. */
export interface Arrivals {
  add(request: ReceivedRequest): void;
  /** Its `status` is known now. */
  update(request: ReceivedRequest): void;
  since(run: number, seen: number): Omit<ArrivalsUpdate, 'fault'>;
}

/** How many are kept, and shown. */
const maxKept = 200;
const maxTextLength = 200;
const maxBodyLength = 10_000;

interface Kept {
  arrival: Arrival;
  /** Grows with each change of any of them. */
  changedAt: number;
}

export function createArrivals(withBodies: boolean, now: () => number = Date.now): Arrivals {
  const run = now();
  const kept: Kept[] = [];
  const byRequest = new WeakMap<ReceivedRequest, Kept>();
  let total = 0;
  let changes = 0;
  return {
    add(request) {
      total += 1;
      changes += 1;
      const entry = { arrival: arrivalOf(request, total, now(), withBodies), changedAt: changes };
      kept.push(entry);
      byRequest.set(request, entry);
      if (kept.length > maxKept) kept.shift();
    },
    update(request) {
      const entry = byRequest.get(request);
      if (entry === undefined) return;
      changes += 1;
      entry.arrival = { ...entry.arrival, status: request.status ?? null };
      entry.changedAt = changes;
    },
    since(askedRun, seen) {
      const known = askedRun === run ? seen : 0;
      const changed = kept.filter(({ changedAt }) => changedAt > known);
      return { run, seen: changes, total, arrivals: changed.map(({ arrival }) => arrival) };
    },
  };
}

function arrivalOf(request: ReceivedRequest, number: number, at: number, withBodies: boolean): Arrival {
  const { method, url, headers, json = {}, text, status } = request;
  const retryCount = Number(headers['x-retry-count'] ?? 0);
  return {
    number,
    at,
    type: textOf(json['notification_type']) ?? cut(`${method} ${url}`, maxTextLength),
    id: textOf(json['notification_id']),
    userId: textOf(json['user_id']),
    retryCount: Number.isSafeInteger(retryCount) ? retryCount : 0,
    status: status ?? null,
    body: withBodies ? cut(text, maxBodyLength) : null,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? cut(String(value), maxTextLength) : null;
}

function cut(text: string, length: number): string {
  // Copied, because a slice keeps the whole text in memory.
  return text.length > length ? `${Buffer.from(text.slice(0, length)).toString()} …` : text;
}
