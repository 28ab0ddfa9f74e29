import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMOutboxError, isCRMNotificationError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { NotificationDraft } from '../notification/notification.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import type { PostOffice, WrittenNotification } from '../post-office/post-office.js';
import { executeIn } from '../transaction/execute-in.js';
import type { Statement, Transaction } from '../transaction/transaction.js';
import type { IntakeContext, IntakeTally } from './intake.js';
import type { EventHub } from './notifier-event.js';
import type { PrepareNotification } from './prepare-notification.js';
import type { Written } from './notify.js';
import { createRecentWrites, type RecentWrites } from './recent-writes.js';

/** Where notifications are written in the app's own transactions. */
export interface TransactionIntake {
  /**
   * Writes one notification in the transaction. Rejects when it is not written, for whatever reason: the transaction must not
   * commit then. `onWritten` is called with its type and lane once it is.
   */
  write(
    transaction: Transaction,
    build: () => NotificationDraft,
    context: IntakeContext,
    onWritten: (type: string, lane: string) => void,
  ): Promise<Written>;
  /** As `write`, for a call that does not know its request; see `RecentWrites`. */
  writeUnbound(transaction: Transaction, build: () => NotificationDraft): Promise<Written>;
  readonly recentWrites: RecentWrites;
  /** A transaction may just have been committed. */
  lookSoon(): void;
}

/** How this outbox takes a notification in a transaction: by a statement in it, at once, or not at all. */
export type TransactionWriting =
  | { readonly kind: 'statement'; readonly statementFor: (notification: AcceptedNotification) => Statement }
  | { readonly kind: 'memory' }
  | { readonly kind: 'none' };

export interface TransactionIntakeOptions {
  readonly writing: TransactionWriting;
  readonly prepare: PrepareNotification;
  readonly postOffice: PostOffice;
  readonly clock: Clock;
  readonly events: EventHub;
  readonly tally: IntakeTally;
  /** How long a first write may wait for the tables, in milliseconds. */
  readonly holdMs: number;
}

/** By then most transactions are committed; the leader looks by itself as well. */
const lookAfterMs = 20;

export function createTransactionIntake(options: TransactionIntakeOptions): TransactionIntake {
  const { writing, prepare, postOffice, clock, events, tally, holdMs } = options;
  let isWaitOver = false;
  let isLookDue = false;
  /** What is not looked for yet. */
  let written: WrittenNotification[] = [];

  const lookNow = (): void => {
    postOffice.lookSoon(written);
    written = [];
  };

  const lookLater = (): void => {
    if (isLookDue) return;
    isLookDue = true;
    clock.after(lookAfterMs, () => {
      isLookDue = false;
      lookNow();
    });
  };

  /** At the very first start the tables are still being created. */
  const untilReady = async (): Promise<void> => {
    if (isWaitOver) return;
    try {
      await within(postOffice.ready(), holdMs, clock, () => new CRMOutboxError('the outbox is not open yet'));
    } catch (error) {
      // If our own connection fails, the app's may work all the same; and no other transaction waits for it.
      if (isCRMNotificationError(error) && !error.retryable) throw error;
    }
    isWaitOver = true;
  };

  const store = async (transaction: Transaction, entries: readonly AcceptedNotification[]): Promise<void> => {
    if (writing.kind === 'none') throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message: notInPostgres }]);
    if (writing.kind === 'memory') {
      const [acceptance] = await postOffice.accept(entries);
      if (acceptance?.accepted === false) throw new CRMOutboxError(acceptance.detail);
      return;
    }
    await untilReady();
    for (const entry of entries) {
      await executeIn(transaction, writing.statementFor(entry));
      written.push({ target: entry.target, type: entry.type });
    }
    lookLater();
  };

  const recentWrites = createRecentWrites(clock);

  const write: TransactionIntake['write'] = async (transaction, build, context, onWritten) => {
    try {
      const { id, type, lane, entries, span } = prepare(build, context);
      try {
        await store(transaction, entries);
      } catch (error) {
        span?.end(isCRMNotificationError(error) ? error.code : 'ERR_CRM_OUTBOX');
        throw error;
      }
      span?.end();
      tally.accepted += 1;
      events.emit('accepted', { id, type, lane });
      onWritten(type, lane);
      return { id };
    } catch (error) {
      tally.rejected += 1;
      throw error;
    }
  };

  return {
    write,
    writeUnbound: (transaction, build) =>
      write(transaction, build, {}, (type, lane) => {
        recentWrites.add(type, lane);
      }),
    recentWrites,
    lookSoon: lookNow,
  };
}

const notInPostgres =
  'is not in PostgreSQL, so nothing can be written in a transaction: outbox: postgresOutbox({ connectionString }), ' +
  'from express-crm-notifier/postgres';
