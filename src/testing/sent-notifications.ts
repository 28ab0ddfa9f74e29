import { inspect } from 'node:util';
import { systemClock } from '../core/clock.js';
import { checkKeys, checkWait, errorFrom, type WaitOptions } from './checks.js';
import { type ReceivedRequest, type SentNotification, sentNotificationsOf } from './received-request.js';

/** Selects notifications by their fields, or by a function that returns true for the ones you want. */
export type SentQuery = SentFields | ((sent: SentNotification) => boolean);

/** A notification matches if every field given here is equal. An empty object matches all. */
export interface SentFields {
  /** The type on the wire, such as `booking_created`. */
  readonly type?: string | undefined;
  /** The user's id. Compared strictly: 123 is not '123'. */
  readonly userId?: number | string | undefined;
  /** The notification's id, as in its receipt. */
  readonly id?: string | undefined;
}

/**
 * The notifications that the fake CRM took, that is, responded to with a status from 200 to 299. Each is listed once, by
 * its id.
 */
export interface SentNotifications {
  /** All that match so far, in the order in which they were taken. Without a query: all of them. */
  all(query?: SentQuery): readonly SentNotification[];
  /** What arrived again after it had been taken, for example because the response was lost. */
  readonly duplicates: readonly SentNotification[];
  /**
   * Resolves with all that match so far once there are at least `count` of them; at once if there already are.
   *
   * Rejects with an `Error` after `timeoutMs`, or when the fake CRM is closed. The error states what was expected and what
   * arrived instead, by types and ids only. Rejects with a `TypeError` for an invalid query or option.
   *
   * @example
   * const [sent] = await crm.sent.waitFor({ type: 'booking_created', userId: 123 });
   */
  waitFor(
    query?: SentQuery,
    options?: WaitOptions,
  ): Promise<readonly [SentNotification, ...(readonly SentNotification[])]>;
}

/** The list behind `crm.sent`, with the two methods that the fake CRM calls. */
export interface SentRecord extends SentNotifications {
  add(request: ReceivedRequest): void;
  end(): void;
}

/** `received` is every request so far; the error of a failed wait lists what they contained. */
export function createSentRecord(received: readonly ReceivedRequest[]): SentRecord {
  const taken: Arrivals<SentNotification> = createArrivals();
  const duplicates: SentNotification[] = [];
  const ids = new Set<string>();
  return {
    all: (query = {}) => taken.all.filter(matcherOf(query)),
    duplicates,
    async waitFor(query = {}, options = {}) {
      const { count, timeoutMs } = checkWait(options);
      const found = await taken.waitFor({
        matches: matcherOf(query),
        count,
        timeoutMs,
        errorOf: ({ length }, ending) =>
          new Error(`${shortfallText(length, count, query)} taken ${ending}. ${arrivedText(received, taken.all)}`),
      });
      return found as [SentNotification, ...SentNotification[]];
    },
    add(request) {
      for (const sent of sentNotificationsOf(request)) {
        if (ids.has(sent.notification_id)) duplicates.push(sent);
        else {
          ids.add(sent.notification_id);
          taken.add(sent);
        }
      }
    },
    end() {
      taken.end();
    },
  };
}

/** Throws a `TypeError` for an unknown key: ignoring it would match everything. */
function matcherOf(query: SentQuery): (sent: SentNotification) => boolean {
  if (typeof query === 'function') return query;
  checkKeys(query, ['type', 'userId', 'id'], 'the query');
  const { type, userId, id } = query;
  return (sent) =>
    (type === undefined || sent.notification_type === type) &&
    (userId === undefined || sent.user_id === userId) &&
    (id === undefined || sent.notification_id === id);
}

/** For example `no notification with type 'booking_created' was` or `only 1 of 3 notifications was`. */
function shortfallText(foundCount: number, count: number, query: SentQuery): string {
  const amount = foundCount === 0 ? 'no notification' : `only ${String(foundCount)} of ${String(count)} notifications`;
  return [amount, queryText(query), foundCount > 1 ? 'were' : 'was'].filter((words) => words !== '').join(' ');
}

function queryText(query: SentQuery): string {
  if (typeof query === 'function') return 'that matches the function';
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `with ${given.map(([key, value]) => `${key} ${inspect(value)}`).join(', ')}`;
}

/** Types, ids and statuses only: an error may end up in the log of a build. */
function arrivedText(received: readonly ReceivedRequest[], taken: readonly SentNotification[]): string {
  const posts = received.filter(({ method }) => method === 'POST');
  if (posts.length === 0) return "Nothing was posted to the fake CRM: is baseUrl the fake CRM's url?";
  const untaken = posts.filter(({ status }) => status === undefined || status < 200 || status > 299);
  return `Taken: ${listText(taken.map(nameOf))}. Received, but not taken: ${listText(untaken.map(nameOfUntaken))}.`;
}

function nameOf(sent: SentNotification): string {
  return `${sent.notification_type} ${sent.notification_id}`;
}

function nameOfUntaken(request: ReceivedRequest): string {
  const names = sentNotificationsOf(request).map(nameOf);
  const name = names.length > 0 ? names.join(' and ') : `POST ${request.url.replace(/\?.*/, '')}`;
  return `${name} (${String(request.status ?? 'no response')})`;
}

/** A longer list would be hard to read. */
const maxNamedCount = 20;

function listText(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > maxNamedCount ? [`and ${String(names.length - maxNamedCount)} more`] : [];
  return [...names.slice(0, maxNamedCount), ...more].join(', ');
}

/** What to wait for, and for how long. */
export interface Awaited<Item> {
  readonly matches: (item: Item) => boolean;
  readonly count: number;
  readonly timeoutMs: number;
  /** Creates the error of a wait that failed; `ending` is how it ended, such as `within 5000 ms`. */
  readonly errorOf: (found: readonly Item[], ending: string) => Error;
}

/** A list that grows; callers can wait for items. */
export interface Arrivals<Item> {
  readonly all: readonly Item[];
  add(item: Item): void;
  /** Resolves with all items that match, past and future, once there are enough of them. */
  waitFor(awaited: Awaited<Item>): Promise<readonly Item[]>;
  /** No more items will come: rejects every pending wait. */
  end(): void;
}

interface Waiter<Item> {
  readonly onArrival: (item: Item) => void;
  readonly onEnd: () => void;
}

const closedEnding = 'before the fake CRM was closed';

export function createArrivals<Item>(): Arrivals<Item> {
  const all: Item[] = [];
  const waiters = new Set<Waiter<Item>>();
  let isEnded = false;
  return {
    all,
    add(item) {
      all.push(item);
      for (const waiter of [...waiters]) waiter.onArrival(item);
    },
    waitFor: ({ matches, count, timeoutMs, errorOf }) =>
      new Promise((resolve, reject) => {
        const found = all.filter(matches);
        if (found.length >= count) {
          resolve(found);
          return;
        }
        if (isEnded) {
          reject(errorOf(found, closedEnding));
          return;
        }
        const settleWith = (settle: () => void): void => {
          waiters.delete(waiter);
          cancel();
          settle();
        };
        const waiter: Waiter<Item> = {
          onArrival(item) {
            try {
              if (matches(item)) found.push(item);
            } catch (error) {
              // The predicate is the test's own: its error fails this wait, not the request that just arrived.
              settleWith(() => reject(errorFrom(error)));
              return;
            }
            if (found.length >= count) settleWith(() => resolve(found));
          },
          onEnd: () => settleWith(() => reject(errorOf(found, closedEnding))),
        };
        // Real time, even if the notifier has an owned clock. It keeps the process alive: a test is awaiting this.
        const onTimeout = (): void => settleWith(() => reject(errorOf(found, `within ${String(timeoutMs)} ms`)));
        const cancel = systemClock.after(timeoutMs, onTimeout, { keepAlive: true });
        waiters.add(waiter);
      }),
    end() {
      isEnded = true;
      for (const waiter of [...waiters]) waiter.onEnd();
    },
  };
}
