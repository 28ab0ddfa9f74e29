import { isWholeId } from '../arguments.js';
import { CliFailure } from '../command.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import type { OutboxPlace } from './outbox-place.js';

const maxNamed = 10;

/**
 * Completes ids that may be shortened to their beginning or their end: of those that are pending or dead, else of those of which
 * something is kept. An id that matches nothing is returned as it is. Throws
 * `CliFailure` if one could be several.
 */
export async function completeIds(given: readonly string[], place: OutboxPlace): Promise<readonly string[]> {
  // A file that must be mended or migrated first cannot be read; a whole id does not need that.
  if (given.every(isWholeId)) return given;
  return readOutbox(place, async (outbox) => {
    const ids = new Set<string>();
    for (const id of given) ids.add(await completeId(id, place, outbox));
    return [...ids];
  });
}

async function completeId(given: string, { name }: OutboxPlace, outbox: ReadableOutbox): Promise<string> {
  if (isWholeId(given) || (await outbox.find(given)).length > 0) return given;
  let ids = await idsLike(given, (part, limit) => outbox.idsLike(part, limit));
  if (ids.length === 0) ids = await idsLike(given, (part, limit) => outbox.keptIdsLike(part, limit));
  if (ids.length <= 1) return ids[0] ?? given;
  // Of one that the outbox no longer holds.
  if (ids.includes(given)) return given;
  const named = ids.slice(0, maxNamed).join(', ');
  const more = ids.length > maxNamed ? ' and more' : '';
  throw new CliFailure(
    `${given} is the beginning or the end of several ids in ${name}: ${named}${more}. Give more of it`,
    'ERR_AMBIGUOUS_ID',
  );
}

async function idsLike(given: string, find: ReadableOutbox['idsLike']): Promise<readonly string[]> {
  const ids = await find(given, maxNamed + 1);
  // UUIDs are stored in lower case.
  return ids.length > 0 ? ids : find(given.toLowerCase(), maxNamed + 1);
}

const lastPart = /-([^-]+)$/;

/** Shortens the UUIDs of a list, each to its last part, as long as they differ in it. */
export function shortIds(ids: readonly string[]): readonly string[] {
  const partOf = (id: string): string => (isWholeId(id) ? (lastPart.exec(id)?.[1] ?? id) : id);
  const owners = new Map<string, Set<string>>();
  for (const id of ids) owners.set(partOf(id), (owners.get(partOf(id)) ?? new Set()).add(id));
  return ids.map((id) => (owners.get(partOf(id))?.size === 1 ? partOf(id) : id));
}
