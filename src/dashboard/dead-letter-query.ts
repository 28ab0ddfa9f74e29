import { deadReasons, type DeadFilter, type DeadQuery } from '../outbox/outbox.js';
import type { DeliveredQuery } from '../history/history.js';
import { refusal } from './response.js';

const defaultLimit = 25;
const maxLimit = 200;
const maxTextLength = 200;

/** How each parameter is read; undefined for a value that it does not take. */
const readers = {
  limit: (text: string) => {
    const limit = text.trim() === '' ? NaN : Number(text);
    return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 1), maxLimit) : undefined;
  },
  before: wholeNumber,
  upTo: wholeNumber,
  search: shortText,
  target: shortText,
  type: shortText,
  lane: shortText,
  reason: (text: string) => deadReasons.find((reason) => reason === text),
  status: wholeNumber,
  from: wholeNumber,
  to: wholeNumber,
} as const;

type Parameter = keyof typeof readers;
const filters: readonly Parameter[] = ['search', 'target', 'type', 'lane', 'reason', 'status', 'from', 'to'];

export const badQuery = refusal(
  400,
  'bad-query',
  'the query takes limit (a number from 1 to 200), before and upTo (positions), search, target, type and lane (at most 200 ' +
    'characters), reason (rejected, redirect or expired), status, from and to (milliseconds since 1970), each at most once',
);

/** Reads which dead letters a page lists; undefined for an invalid query. Clamps `limit` to 1 to 200. */
export function parseDeadQuery(query: string): DeadQuery | undefined {
  const read = readParameters(query, [...filters, 'limit', 'before']);
  return read === undefined ? undefined : { limit: defaultLimit, ...read };
}

/** Reads which dead letters are meant; undefined for an invalid query. */
export function parseDeadFilter(query: string): (DeadFilter & { readonly upTo?: number }) | undefined {
  return readParameters(query, [...filters, 'upTo']);
}

/** Reads which delivered notifications a page lists; undefined for an invalid query. Clamps `limit` to 1 to 200. */
export function parseDeliveredQuery(query: string): DeliveredQuery | undefined {
  const read = readParameters(query, ['search', 'target', 'type', 'lane', 'from', 'to', 'limit', 'before']);
  return read === undefined ? undefined : { limit: defaultLimit, ...read };
}

export const badDeliveredQuery = refusal(
  400,
  'bad-query',
  'the query takes limit (a number from 1 to 200), before (a position), search, target, type and lane (at most 200 characters), ' +
    'from and to (milliseconds since 1970), each at most once',
);

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
