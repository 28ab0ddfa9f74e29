import type { DeadQuery } from '../outbox/outbox.js';

const defaultLimit = 25;
const maxLimit = 200;
const maxSearchLength = 200;
const names = ['limit', 'before', 'search'];

/** What the query of `GET api/dead-letters` asks for; undefined when it makes no sense. `limit` is clamped to 1 to 200. */
export function parseDeadLettersQuery(query: string): DeadQuery | undefined {
  const given = [...new URLSearchParams(query)];
  const parameters = new Map(given);
  if (given.length !== parameters.size || given.some(([name]) => !names.includes(name))) return undefined;
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
