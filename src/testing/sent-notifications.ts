import type { Arrivals } from './arrivals.js';
import { createArrivals } from './arrivals.js';
import { isNotification, sentNotificationOf, type SentNotification } from './sent-notification.js';
import { matcherOf, wordsOf, type SentQuery } from './sent-query.js';
import type { ReceivedRequest } from './received-request.js';
import { checkWait, type WaitLimit } from './wait-limit.js';

export interface WaitOptions extends WaitLimit {
  /**
   * How many must match before the wait ends.
   * @default 1
   */
  readonly count?: number | undefined;
}

/** The notifications that the fake CRM has taken, that is, answered with a status from 200 to 299: each once, by its id. */
export interface SentNotifications {
  /** Those that match so far, in the order they were taken; without a query all of them. */
  all(query?: SentQuery): readonly SentNotification[];
  /** What came once more although it had been taken, as happens when an answer is lost on its way. */
  readonly duplicates: readonly SentNotification[];
  /**
   * Resolves with all that match so far, as soon as there are at least `count` of them: at once, if they are there already.
   * Rejects with an `Error` after `timeoutMs`, or when the fake CRM is closed; it says what was waited for and what came
   * instead, by types and ids only. Rejects with a `TypeError` for a query or an option that cannot be meant.
   */
  waitFor(
    query?: SentQuery,
    options?: WaitOptions,
  ): Promise<readonly [SentNotification, ...(readonly SentNotification[])]>;
}

/** The record behind them, which is told what was taken. */
export interface SentRecord extends SentNotifications {
  add(request: ReceivedRequest): void;
  end(): void;
}

/** `received` is all that came, for the error of a wait in vain. */
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
        errorOf: ({ length }, ending) => {
          const wanted = ['notification', wordsOf(query)].filter((words) => words !== '').join(' ');
          const start =
            length === 0 ? `no ${wanted} was` : `only ${String(length)} of ${String(count)} times a ${wanted} was`;
          return new Error(`${start} taken ${ending}. ${whatCame(received, taken.all)}`);
        },
      });
      return found as [SentNotification, ...SentNotification[]];
    },
    add(request) {
      const sent = sentNotificationOf(request);
      if (ids.has(sent.notification_id)) {
        duplicates.push(sent);
        return;
      }
      ids.add(sent.notification_id);
      taken.add(sent);
    },
    end() {
      taken.end();
    },
  };
}

// An error is read by a person.
const maxNamedCount = 20;

/** Types, ids and statuses, nothing else: an error may end up in the log of a build. */
function whatCame(received: readonly ReceivedRequest[], taken: readonly SentNotification[]): string {
  const posts = received.filter(({ method }) => method === 'POST');
  if (posts.length === 0) return "Nothing was posted to it at all: is baseUrl the fake CRM's url?";
  const untaken = posts.filter(({ status }) => status === undefined || status < 200 || status > 299);
  return `Taken: ${listed(taken.map(nameOf))}. Received, but not taken: ${listed(untaken.map(nameOfUntaken))}.`;
}

function nameOf(sent: SentNotification): string {
  return `${sent.notification_type} ${sent.notification_id}`;
}

function nameOfUntaken(request: ReceivedRequest): string {
  const name = isNotification(request)
    ? nameOf(sentNotificationOf(request))
    : `POST ${request.url.replace(/\?.*/, '')}`;
  return `${name} (${String(request.status ?? 'not answered')})`;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > maxNamedCount ? [`and ${String(names.length - maxNamedCount)} more`] : [];
  return [...names.slice(0, maxNamedCount), ...more].join(', ');
}
