import { InvalidArgumentError } from 'commander';
import { UsageFailure } from '../command.js';

/** What a list is of. Each has places of its own. */
const kinds = ['pending', 'dead', 'delivered'] as const;
export type ListedKind = (typeof kinds)[number];

/** Where a list goes on: after the entry at this place. */
export interface ListCursor {
  readonly kind: ListedKind;
  readonly place: number;
}

/** As it is printed and given: `dead:4711`. */
export function cursorText({ kind, place }: ListCursor): string {
  return `${kind}:${String(place)}`;
}

export function parseCursor(text: string): ListCursor {
  const [, name, digits] = /^([a-z]+):(\d{1,16})$/.exec(text) ?? [];
  const kind = kinds.find((one) => one === name);
  const place = Number(digits);
  if (kind === undefined || !Number.isSafeInteger(place))
    throw new InvalidArgumentError('Give what an earlier list has printed, such as dead:4711.');
  return { kind, place };
}

/** The place after which a list of this kind begins; undefined for its beginning. Throws `UsageFailure` for another list's cursor. */
export function placeIn(kind: ListedKind, cursor: ListCursor | undefined): number | undefined {
  if (cursor === undefined || cursor.kind === kind) return cursor?.place;
  throw new UsageFailure(`--after ${cursorText(cursor)} is of another list: add --${cursor.kind}`);
}
