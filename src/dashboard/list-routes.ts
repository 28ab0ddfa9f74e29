import type { IncomingMessage } from 'node:http';
import type { DashboardConfig } from './dashboard-options.js';
import type { DeadLettersApi } from './dead-letters-api.js';
import { readJsonBody } from './json-body.js';
import { askingByPost, changing, reading } from './methods.js';
import type { PendingApi } from './pending-api.js';
import type { AnyResponse } from './response.js';

/** The lists of notifications, and what changes them. */
export interface Lists {
  readonly config: DashboardConfig;
  readonly pending: PendingApi;
  readonly deadLetters: DeadLettersApi;
}

const reads = new Map<string, (lists: Lists, query: string) => Promise<AnyResponse>>([
  ['/api/pending', ({ pending }, query) => pending.list(query)],
  ['/api/pending/count', ({ pending }, query) => pending.count(query)],
  ['/api/pending/export', ({ pending }, query) => pending.export(query)],
  ['/api/dead-letters', ({ deadLetters }, query) => deadLetters.list(query)],
  ['/api/dead-letters/summary', ({ deadLetters }, query) => deadLetters.summary(query)],
  ['/api/dead-letters/export', ({ deadLetters }, query) => deadLetters.export(query)],
]);

interface Change {
  readonly query: string;
  readonly by: string | undefined;
  readonly body: () => Promise<unknown>;
}

const changes = new Map<string, (deadLetters: DeadLettersApi, change: Change) => Promise<AnyResponse>>([
  ['/api/dead-letters/redeliver-all', (deadLetters, { query, by }) => deadLetters.redeliverAll(query, by)],
  ['/api/dead-letters/discard-all', (deadLetters, { query, by }) => deadLetters.discardAll(query, by)],
  [
    '/api/dead-letters/redeliver-selected',
    async (deadLetters, { query, by, body }) => deadLetters.redeliverSelected(query, await body(), by),
  ],
  [
    '/api/dead-letters/discard-selected',
    async (deadLetters, { query, by, body }) => deadLetters.discardSelected(query, await body(), by),
  ],
]);

/** What has become of selected ones: a POST, because so many ids do not fit into an address, but it changes nothing. */
const questions = new Map<string, (deadLetters: DeadLettersApi, query: string, body: unknown) => Promise<AnyResponse>>([
  ['/api/dead-letters/summary-of-selected', (deadLetters, query, body) => deadLetters.summaryOfSelected(query, body)],
  ['/api/dead-letters/keys-of-selected', (deadLetters, query, body) => deadLetters.keysOfSelected(query, body)],
]);

/** The response of a path of the lists; undefined for any other. */
export function routeLists(
  req: IncomingMessage,
  path: string,
  query: string,
  lists: Lists,
): AnyResponse | Promise<AnyResponse> | undefined {
  const read = reads.get(path);
  if (read !== undefined) return reading(req, () => read(lists, query));
  const body = (): Promise<unknown> => readJsonBody(req);
  const ask = questions.get(path);
  if (ask !== undefined) return askingByPost(req, async () => ask(lists.deadLetters, query, await body()));
  const change = changes.get(path);
  if (change === undefined) return undefined;
  return changing(req, lists.config, (by) => change(lists.deadLetters, { query, by, body }));
}
