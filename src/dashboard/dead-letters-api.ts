import type { Notifier } from '../notifier/notifier.js';
import type { DeadQuery } from '../outbox/outbox.js';
import { writeLog, type Logger } from '../telemetry/logger.js';
import type { DeadLetterPage, Discarded, Redelivered } from './api-contract.js';
import { jsonResponse, refusal, type DashboardResponse } from './response.js';

/** The part of the API that lists dead letters and changes them. Each rejects if the notifier does. */
export interface DeadLettersApi {
  /** `query` is the query string, without the question mark. */
  list(query: string): Promise<DashboardResponse>;
  /** Of one target, or of all. */
  redeliver(id: string, target?: string): Promise<DashboardResponse>;
  discard(id: string, target?: string): Promise<DashboardResponse>;
  redeliverAll(): Promise<DashboardResponse>;
}

/** The logger, if any, gets a line for each change. */
export function createDeadLettersApi(deadLetters: Notifier['deadLetters'], logger: Logger | undefined): DeadLettersApi {
  const oneAtATime = createOneAtATime(maxWaitingLists);

  const readPage = async (query: string): Promise<DashboardResponse> => {
    const parsed = parseQuery(query);
    if (parsed === undefined) return badQuery;
    // One more than asked for, to find out whether there are older ones.
    const found = await deadLetters.list({ ...parsed, limit: parsed.limit + 1 });
    const letters = found.slice(0, parsed.limit);
    const older = found.length > letters.length ? (letters.at(-1)?.position ?? null) : null;
    return jsonResponse({ letters, older } satisfies DeadLetterPage);
  };

  const audit = (message: string, fields: Record<string, unknown>): void => {
    if (logger !== undefined) writeLog(logger, 'info', fields, message, () => undefined);
  };

  return {
    list: async (query) => (await oneAtATime(() => readPage(query))) ?? busy,

    async redeliver(id, target) {
      const redelivered = await deadLetters.redeliver(id, target);
      audit('CRM dashboard: a dead letter was redelivered', { notificationId: id, target, redelivered });
      return jsonResponse({ redelivered } satisfies Redelivered);
    },

    async discard(id, target) {
      const discarded = await deadLetters.discard(id, target);
      audit('CRM dashboard: a dead letter was discarded', { notificationId: id, target, discarded });
      return jsonResponse({ discarded } satisfies Discarded);
    },

    async redeliverAll() {
      const redelivered = await deadLetters.redeliverAll();
      audit('CRM dashboard: all dead letters were redelivered', { redelivered });
      return jsonResponse({ redelivered } satisfies Redelivered);
    },
  };
}

/** A search reads every dead letter, on the thread that also commits. */
const maxWaitingLists = 32;
const busy = refusal(503, 'busy', 'too many requests for dead letters are waiting; try again in a moment', {
  'retry-after': '1',
});

/** Runs work one piece after the other; returns undefined, without running it, if too many are waiting. */
function createOneAtATime(maxWaiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> | undefined {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (work) => {
    if (waiting >= maxWaiting) return undefined;
    waiting += 1;
    const result = last.then(work);
    const done = (): void => {
      waiting -= 1;
    };
    last = result.then(done, done);
    return result;
  };
}

const defaultLimit = 25;
const maxLimit = 200;
const maxSearchLength = 200;
const parameterNames = ['limit', 'before', 'search'];
const badQuery = refusal(
  400,
  'bad-query',
  'the query takes limit (a number from 1 to 200), before (a position) and search (at most 200 characters), each at most once',
);

/** Returns undefined for an invalid query. Clamps `limit` to 1 to 200. */
function parseQuery(query: string): DeadQuery | undefined {
  const given = [...new URLSearchParams(query)];
  const parameters = new Map(given);
  if (given.length !== parameters.size || given.some(([name]) => !parameterNames.includes(name))) return undefined;
  const limit = parseLimit(parameters.get('limit'));
  const before = parsePosition(parameters.get('before'));
  const search = parameters.get('search');
  if (Number.isNaN(limit) || Number.isNaN(before) || (search?.length ?? 0) > maxSearchLength) return undefined;
  return { limit, before, search };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return defaultLimit;
  const limit = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 1), maxLimit) : NaN;
}

function parsePosition(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : NaN;
}
