import type { Notifier } from '../notifier/notifier.js';
import { writeLog } from '../telemetry/logger.js';
import { deadCells, deadHeader, deadRecord } from '../outbox/list-record.js';
import type { DeadFilter, DeadLetter, DeadSummary } from '../outbox/outbox.js';
import type { DeadLetterPage, Discarded, Redelivered, SelectedKeys } from './api-contract.js';
import type { DashboardConfig } from './dashboard-options.js';
import type { ExportGate } from './export-gate.js';
import { exportList } from './export-list.js';
import { badIds, badQuery, parseDeadExport, parseDeadFilter, parseDeadQuery, parseIds } from './list-query.js';
import { busy, type OneAtATime } from './one-at-a-time.js';
import { jsonResponse, type DashboardResponse, type StreamedResponse } from './response.js';

/** The part of the API that lists dead letters and changes them. Each rejects if the notifier does. */
export interface DeadLettersApi {
  /** `query` is the query string, without the question mark. */
  list(query: string): Promise<DashboardResponse>;
  /** Of one target, or of all. `by` is the user who asks for it, for the log. */
  readonly redeliver: (id: string, target?: string, by?: string) => Promise<DashboardResponse>;
  readonly discard: (id: string, target?: string, by?: string) => Promise<DashboardResponse>;
  /** How many match a query, and how they died. */
  summary(query: string): Promise<DashboardResponse>;
  /** Those that match a query, as a file. */
  export(query: string): Promise<DashboardResponse | StreamedResponse>;
  /** All that match a query. */
  redeliverAll(query: string, by?: string): Promise<DashboardResponse>;
  discardAll(query: string, by?: string): Promise<DashboardResponse>;
  /** The same for those that match a query and have one of the ids in the body of the request, which is JSON. */
  summaryOfSelected(query: string, body: unknown): Promise<DashboardResponse>;
  keysOfSelected(query: string, body: unknown): Promise<DashboardResponse>;
  redeliverSelected(query: string, body: unknown, by?: string): Promise<DashboardResponse>;
  discardSelected(query: string, body: unknown, by?: string): Promise<DashboardResponse>;
}

const exportedAtOnce = 500;
/** As many as there are ids in a request. */
const maxKeys = 1_000;

/** The logger, if any, gets a line for each change. */
export function createDeadLettersApi(
  deadLetters: Notifier['deadLetters'],
  { logger, clock }: Pick<DashboardConfig, 'logger' | 'clock'>,
  oneAtATime: OneAtATime,
  exportGate: ExportGate,
): DeadLettersApi {
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

  const summarise = async (filter: DeadFilter): Promise<DashboardResponse> => {
    const summary = await oneAtATime(() => deadLetters.summary(filter));
    return summary === undefined ? busy : jsonResponse(summary satisfies DeadSummary);
  };

  const listKeys = async (filter: DeadFilter): Promise<DashboardResponse> => {
    const found = await oneAtATime(() => deadLetters.list({ ...filter, limit: maxKeys }));
    if (found === undefined) return busy;
    const letters = found.map(({ id, target }) => ({ id, target }));
    return jsonResponse({ letters } satisfies SelectedKeys);
  };

  const redeliverAll = async (filter: DeadFilter, fields: Audited): Promise<DashboardResponse> => {
    const redelivered = await deadLetters.redeliverAll(filter, fields.by);
    audit('CRM dashboard: dead letters were redelivered', { ...fields, redelivered });
    return jsonResponse({ redelivered, at: clock.now() } satisfies Redelivered);
  };

  const discardAll = async (filter: DeadFilter, fields: Audited): Promise<DashboardResponse> => {
    const discarded = await deadLetters.discardAll(filter, fields.by);
    audit('CRM dashboard: dead letters were discarded', { ...fields, discarded });
    return jsonResponse({ discarded } satisfies Discarded);
  };

  const withFilter = async (
    query: string,
    respond: (filter: DeadFilter) => Promise<DashboardResponse>,
  ): Promise<DashboardResponse> => {
    const filter = parseDeadFilter(query);
    return filter === undefined ? badQuery : respond(filter);
  };

  const withIds = (
    query: string,
    body: unknown,
    respond: (filter: DeadFilter) => Promise<DashboardResponse>,
  ): Promise<DashboardResponse> =>
    withFilter(query, (filter) => {
      const ids = parseIds(body);
      return ids === undefined ? Promise.resolve(badIds) : respond({ ...filter, ids });
    });

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

    summary: (query) => withFilter(query, summarise),
    redeliverAll: (query, by) => withFilter(query, (filter) => redeliverAll(filter, { by, filter })),
    discardAll: (query, by) => withFilter(query, (filter) => discardAll(filter, { by, filter })),
    summaryOfSelected: (query, body) => withIds(query, body, summarise),
    keysOfSelected: (query, body) => withIds(query, body, listKeys),
    redeliverSelected: (query, body, by) => withIds(query, body, (filter) => redeliverAll(filter, auditOf(filter, by))),
    discardSelected: (query, body, by) => withIds(query, body, (filter) => discardAll(filter, auditOf(filter, by))),

    async export(query) {
      const parsed = parseDeadExport(query);
      if (parsed === undefined) return badQuery;
      const { format, filter } = parsed;
      const readAfter = (last: DeadLetter | undefined): Promise<readonly DeadLetter[]> =>
        deadLetters.list({ ...filter, limit: exportedAtOnce, before: last?.position });
      const list = { readAfter, header: deadHeader, cellsOf: deadCells, recordOf: deadRecord };
      return exportGate(() => exportList(format, { name: 'dead-letters', ...list }));
    },
  };
}

/** What is logged of a change of several: who asked for it, and which. */
interface Audited extends Record<string, unknown> {
  readonly by: string | undefined;
}

/** What is logged of a change of selected ones. */
function auditOf({ ids, ...filter }: DeadFilter, by: string | undefined): Audited {
  return { by, filter, notificationIds: ids };
}
