import type { PendingCount } from '../../outbox/outbox.js';
import type { Overview } from '../api-contract.js';
import type { FilterName, KindName, ListFilter } from './address.js';

/** A kind of notifications that the list can show. Another kind is another one of these, a name in address.ts and a link. */
export interface ListKind {
  readonly name: KindName;
  readonly heading: string;
  /** Shown for an empty list, without and with a filter. */
  readonly noneText: string;
  readonly noMatchText: string;
  /** What a text is looked for in. */
  readonly searchHint: string;
  /** The filters that it has beside those that all kinds have. */
  readonly ownFilters: readonly FilterName[];
  /** Its part of the API. */
  readonly path: string;
  /** Fetches a page of the list, and what is shown with it. */
  fetch(filter: ListFilter, cursor: number | null): Promise<FetchedPage>;
  /** Changes when the list may have changed. */
  revisionOf(overview: Overview): string;
}

/** A page of a list. */
export interface FetchedPage {
  /** How many it has. */
  readonly shownCount: number;
  /** How many match. */
  readonly total: PendingCount;
  /** The `cursor` of the page after it; null if there is none. */
  readonly next: number | null;
  /** Shows it. */
  show(): void;
}
