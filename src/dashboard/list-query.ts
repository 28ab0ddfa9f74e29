import {
  deadReasons,
  type DeadFilter,
  type DeadQuery,
  type PendingFilter,
  type PendingQuery,
} from '../outbox/outbox.js';
import type { DeliveredFilter, DeliveredQuery } from '../history/history.js';
import { refusal } from './response.js';

const defaultLimit = 25;
const maxLimit = 200;
/** As long as a lane may be. */
const maxTextLength = 256;
const maxStatus = 999;
const maxIdCount = 1_000;
const maxIdLength = 256;

/** How each parameter is read; undefined for a value that it does not take. */
const readers = {
  limit: (text: string) => {
    const limit = wholeNumber(text) ?? 0;
    return limit >= 1 && limit <= maxLimit ? limit : undefined;
  },
  before: wholeNumber,
  after: wholeNumber,
  upTo: wholeNumber,
  search: shortText,
  target: storedText,
  type: storedText,
  lane: storedText,
  reason: (text: string) => deadReasons.find((reason) => reason === text),
  status: (text: string) => (Number(text) <= maxStatus ? wholeNumber(text) : undefined),
  attempts: (text: string) => (['none', 'some'] as const).find((which) => which === text),
  from: wholeNumber,
  to: wholeNumber,
  format: (text: string) => (['csv', 'json'] as const).find((format) => format === text),
} as const;

type Parameter = keyof typeof readers;
const commonFilters: readonly Parameter[] = ['search', 'target', 'type', 'lane', 'from', 'to'];
const deadFilters: readonly Parameter[] = [...commonFilters, 'reason', 'status'];
const pendingFilters: readonly Parameter[] = [...commonFilters, 'attempts'];

const commonRule =
  'search, target, type and lane (at most 256 characters), from and to (milliseconds since 1970), each at most once';

export const badQuery = refusal(
  400,
  'bad-query',
  `the query takes limit (a whole number from 1 to 200), before and upTo (positions), reason (${deadReasons.join(', ')}), status, ` +
    `for an export format (csv or json), ${commonRule}`,
);

export const badPendingQuery = refusal(
  400,
  'bad-query',
  `the query takes limit (a whole number from 1 to 200), after (a place), attempts (none or some), for an export format (csv or json), ${commonRule}`,
);

export const badIds = refusal(
  400,
  'bad-ids',
  'the body must be {"ids": […]} as application/json, with 1 to 1,000 ids of notifications',
);

/** Reads which dead letters a page lists; undefined for an invalid query. */
export function parseDeadQuery(query: string): DeadQuery | undefined {
  const read = readParameters(query, [...deadFilters, 'limit', 'before']);
  return read === undefined ? undefined : { limit: defaultLimit, ...read };
}

/** Reads which dead letters are meant; undefined for an invalid query. */
export function parseDeadFilter(query: string): (DeadFilter & { readonly upTo?: number }) | undefined {
  return readParameters(query, [...deadFilters, 'upTo']);
}

/** Reads which pending notifications a page lists; undefined for an invalid query. */
export function parsePendingQuery(query: string): PendingQuery | undefined {
  const read = readParameters(query, [...pendingFilters, 'limit', 'after']);
  return read === undefined ? undefined : { limit: defaultLimit, ...read };
}

/** Reads which pending notifications are meant; undefined for an invalid query. */
export function parsePendingFilter(query: string): PendingFilter | undefined {
  return readParameters(query, pendingFilters);
}

/** Reads which delivered notifications a page lists; undefined for an invalid query. */
export function parseDeliveredQuery(query: string): DeliveredQuery | undefined {
  const read = readParameters(query, [...commonFilters, 'limit', 'before']);
  return read === undefined ? undefined : { limit: defaultLimit, ...read };
}

/** Reads which delivered notifications are meant; undefined for an invalid query. */
export function parseDeliveredFilter(query: string): DeliveredFilter | undefined {
  return readParameters(query, commonFilters);
}

export const badDeliveredQuery = refusal(
  400,
  'bad-query',
  `the query takes limit (a whole number from 1 to 200), before (a position), for an export format (csv or json), ${commonRule}`,
);

export type ExportFormat = 'csv' | 'json';

/** Reads what is exported; undefined for an invalid query, or one without a format. */
export function parseDeadExport(query: string): Exported<DeadFilter> | undefined {
  return exported(readParameters(query, [...deadFilters, 'format']));
}

export function parsePendingExport(query: string): Exported<PendingFilter> | undefined {
  return exported(readParameters(query, [...pendingFilters, 'format']));
}

export function parseDeliveredExport(query: string): Exported<DeliveredFilter> | undefined {
  return exported(readParameters(query, [...commonFilters, 'format']));
}

interface Exported<Filter> {
  readonly format: ExportFormat;
  readonly filter: Filter;
}

function exported<Filter>(
  read: (Filter & { readonly format?: ExportFormat }) | undefined,
): Exported<Omit<Filter, 'format'>> | undefined {
  if (read?.format === undefined) return undefined;
  const { format, ...filter } = read;
  return { format, filter };
}

/** Reads the ids in a request's body; undefined if it has none, too many or something else. */
export function parseIds(body: unknown): readonly string[] | undefined {
  const ids: unknown = (body as { readonly ids?: unknown } | null | undefined)?.ids;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > maxIdCount) return undefined;
  return ids.every((id) => typeof id === 'string' && id.length <= maxIdLength) ? (ids as string[]) : undefined;
}

type Read = { readonly [Name in Parameter]?: NonNullable<ReturnType<(typeof readers)[Name]>> };

function readParameters(query: string, allowed: readonly Parameter[]): Read | undefined {
  const given = [...new URLSearchParams(query)];
  const read: Partial<Record<Parameter, unknown>> = {};
  for (const [name, text] of given) {
    const parameter = allowed.find((one) => one === name);
    const value = parameter === undefined ? undefined : readers[parameter](text);
    if (parameter === undefined || value === undefined || read[parameter] !== undefined) return undefined;
    read[parameter] = value;
  }
  return read as Read;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

function shortText(text: string): string | undefined {
  return text.length <= maxTextLength ? text : undefined;
}

/** Nothing that is stored has a NUL in it, and PostgreSQL would not even look for one. */
function storedText(text: string): string | undefined {
  return text.includes('\0') ? undefined : shortText(text);
}
