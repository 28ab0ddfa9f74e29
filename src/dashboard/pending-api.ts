import type { Notifier } from '../notifier/notifier.js';
import { pendingCells, pendingHeader, pendingRecord } from '../outbox/list-record.js';
import type { PendingCount, PendingEntry } from '../outbox/outbox.js';
import type { PendingPage } from './api-contract.js';
import type { ExportGate } from './export-gate.js';
import { exportList } from './export-list.js';
import { badPendingQuery, parsePendingExport, parsePendingFilter, parsePendingQuery } from './list-query.js';
import { busy, type OneAtATime } from './one-at-a-time.js';
import { jsonResponse, type DashboardResponse, type StreamedResponse } from './response.js';

/** The part of the API that lists what is pending. `query` is the query string, without the question mark. */
export interface PendingApi {
  list(query: string): Promise<DashboardResponse>;
  count(query: string): Promise<DashboardResponse>;
  export(query: string): Promise<DashboardResponse | StreamedResponse>;
}

const exportedAtOnce = 500;

export function createPendingApi(
  pending: Notifier['pending'],
  oneAtATime: OneAtATime,
  exportGate: ExportGate,
): PendingApi {
  const readPage = async (query: string): Promise<DashboardResponse> => {
    const parsed = parsePendingQuery(query);
    if (parsed === undefined) return badPendingQuery;
    // One more than asked for, to find out whether there are later ones.
    const found = await pending.list({ ...parsed, limit: parsed.limit + 1 });
    const entries = found.slice(0, parsed.limit).map(({ traceparent: _traceparent, ...entry }) => entry);
    const next = found.length > entries.length ? (entries.at(-1)?.place ?? null) : null;
    return jsonResponse({ entries, next } satisfies PendingPage);
  };

  return {
    list: async (query) => (await oneAtATime(() => readPage(query))) ?? busy,

    async count(query) {
      const filter = parsePendingFilter(query);
      if (filter === undefined) return badPendingQuery;
      const count = await oneAtATime(() => pending.count(filter));
      return count === undefined ? busy : jsonResponse(count satisfies PendingCount);
    },

    async export(query) {
      const parsed = parsePendingExport(query);
      if (parsed === undefined) return badPendingQuery;
      const { format, filter } = parsed;
      const readAfter = (last: PendingEntry | undefined): Promise<readonly PendingEntry[]> =>
        pending.list({ ...filter, limit: exportedAtOnce, after: last?.place });
      const list = { readAfter, header: pendingHeader, cellsOf: pendingCells, recordOf: pendingRecord };
      return exportGate(() => exportList(format, { name: 'pending', ...list }));
    },
  };
}
