import type { Notifier } from '../notifier/notifier.js';
import { writeLog } from '../telemetry/logger.js';
import type { DeadSummary } from '../outbox/outbox.js';
import type { DeadLetterPage, Discarded, Redelivered } from './api-contract.js';
import type { DashboardConfig } from './dashboard-options.js';
import { badQuery, parseDeadFilter, parseDeadQuery } from './dead-letter-query.js';
import { jsonResponse, refusal, type DashboardResponse } from './response.js';

/** The part of the API that lists dead letters and changes them. Each rejects if the notifier does. */
export interface DeadLettersApi {
  /** `query` is the query string, without the question mark. */
  list(query: string): Promise<DashboardResponse>;
  /** Of one target, or of all. `by` is the user who asks for it, for the log. */
  readonly redeliver: (id: string, target?: string, by?: string) => Promise<DashboardResponse>;
  readonly discard: (id: string, target?: string, by?: string) => Promise<DashboardResponse>;
  /** How many match a query, and how they died. */
  summary(query: string): Promise<DashboardResponse>;
  /** All that match a query. */
  redeliverAll(query: string, by?: string): Promise<DashboardResponse>;
  discardAll(query: string, by?: string): Promise<DashboardResponse>;
}

/** The logger, if any, gets a line for each change. */
export function createDeadLettersApi(
  deadLetters: Notifier['deadLetters'],
  { logger, clock }: Pick<DashboardConfig, 'logger' | 'clock'>,
): DeadLettersApi {
  const oneAtATime = createOneAtATime(maxWaitingLists);

  const readPage = async (query: string): Promise<DashboardResponse> => {
    const parsed = parseDeadQuery(query);
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

    async redeliver(id, target, by) {
      const redelivered = await deadLetters.redeliver(id, target, by);
      audit('CRM dashboard: a dead letter was redelivered', { by, notificationId: id, target, redelivered });
      return jsonResponse({ redelivered, at: clock.now() } satisfies Redelivered);
    },

    async discard(id, target, by) {
      const discarded = await deadLetters.discard(id, target, by);
      audit('CRM dashboard: a dead letter was discarded', { by, notificationId: id, target, discarded });
      return jsonResponse({ discarded } satisfies Discarded);
    },

    async summary(query) {
      const filter = parseDeadFilter(query);
      if (filter === undefined) return badQuery;
      const summary = await oneAtATime(() => deadLetters.summary(filter));
      return summary === undefined ? busy : jsonResponse(summary satisfies DeadSummary);
    },

    async redeliverAll(query, by) {
      const filter = parseDeadFilter(query);
      if (filter === undefined) return badQuery;
      const redelivered = await deadLetters.redeliverAll(filter, by);
      audit('CRM dashboard: dead letters were redelivered', { by, filter, redelivered });
      return jsonResponse({ redelivered, at: clock.now() } satisfies Redelivered);
    },

    async discardAll(query, by) {
      const filter = parseDeadFilter(query);
      if (filter === undefined) return badQuery;
      const discarded = await deadLetters.discardAll(filter, by);
      audit('CRM dashboard: dead letters were discarded', { by, filter, discarded });
      return jsonResponse({ discarded } satisfies Discarded);
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
