import { createCrmClient } from '../client/crm-client.js';
import type { NotifierConfig } from '../config/resolve-config.js';
import { CRMOutboxError } from '../core/errors.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import { createDelivery, type Delivery } from '../delivery/delivery.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { createMemoryOutbox } from '../outbox/memory-outbox.js';
import type { AcceptedNotification, Outbox } from '../outbox/outbox.js';
import { openSqliteOutbox } from '../outbox/sqlite/sqlite-outbox.js';
import type { Logger } from '../telemetry/logger.js';
import { claimOutbox } from './outbox-claim.js';
import type { Acceptance, CloseReport, PostOffice, PostOfficeStats } from './post-office.js';

export interface InlineHostOptions {
  readonly config: NotifierConfig;
  readonly logger: Required<Logger>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

const expireEveryMs = 3_600_000;

/**
 * Runs the post office in the thread of its caller. Throws `CRMConfigError` at once when the outbox's place cannot be
 * used or another notifier of this process has it.
 */
export function createInlineHost({ config, logger, onEvent }: InlineHostOptions): PostOffice {
  const { clock, maxPending } = config;
  const claim = config.outbox === ':memory:' ? undefined : claimOutbox(config.outbox);

  const client = createCrmClient({ ...config, connections: config.concurrency, logger });
  const tally = { delivered: 0, retried: 0, dead: 0 };
  let cancelExpiry: (() => void) | undefined;
  let closing: Promise<CloseReport> | undefined;
  let lastStats: PostOfficeStats | undefined;

  const opening: Promise<{ outbox: Outbox; delivery: Delivery }> = open();
  // Whoever asks for it gets the rejection; nobody asking is no reason to end the process.
  opening.catch(() => undefined);

  async function open(): Promise<{ outbox: Outbox; delivery: Delivery }> {
    try {
      const outbox =
        claim === undefined ? createMemoryOutbox() : await openSqliteOutbox({ file: claim.file, sync: config.sync });
      const delivery = createDelivery({ ...config, outbox, client, onEvent: count, random: Math.random });
      expireDeadLetters(outbox);
      delivery.wake();
      return { outbox, delivery };
    } catch (error) {
      claim?.release();
      onEvent({ kind: 'outboxError', operation: 'open', error });
      throw error;
    }
  }

  function count(event: DeliveryEvent): void {
    if (event.kind === 'delivered') tally.delivered += 1;
    else if (event.kind === 'retry') tally.retried += 1;
    else if (event.kind === 'dead') tally.dead += 1;
    onEvent(event);
  }

  function expireDeadLetters(outbox: Outbox): void {
    try {
      outbox.expireDead(clock.now() - config.deadRetentionMs);
    } catch (error) {
      onEvent({ kind: 'outboxError', operation: 'expire', error });
    }
    cancelExpiry = clock.after(expireEveryMs, () => {
      expireDeadLetters(outbox);
    });
  }

  /** How many of a batch there is room for, in order. */
  function roomFor(outbox: Outbox, batch: readonly AcceptedNotification[]): number {
    const { pending, pendingBytes } = outbox.counts();
    let bytes = pendingBytes;
    const room = Math.max(0, maxPending.count - pending);
    const firstTooMuch = batch.findIndex((notification, index) => {
      bytes += notification.body.byteLength;
      return index >= room || bytes > maxPending.bytes;
    });
    return firstTooMuch === -1 ? batch.length : firstTooMuch;
  }

  function acceptInto(outbox: Outbox, delivery: Delivery, batch: readonly AcceptedNotification[]): Acceptance[] {
    const room = roomFor(outbox, batch);
    try {
      if (room > 0) outbox.append(room === batch.length ? batch : batch.slice(0, room));
    } catch (error) {
      onEvent({ kind: 'outboxError', operation: 'append', error });
      return batch.map(() => failed(error));
    }
    if (room > 0) delivery.wake();
    return batch.map((_, index) => (index < room ? { accepted: true } : full));
  }

  async function flush(timeoutMs: number): Promise<CloseReport> {
    const { outbox, delivery } = await opening;
    const before = { ...tally };
    await doneOrTimedOut(delivery.whenIdle(), timeoutMs, clock);
    // A close meanwhile has ended the wait, and perhaps the outbox.
    return reportSince(before, lastStats ?? statsOf(outbox, delivery));
  }

  function reportSince(before: typeof tally, { pending }: PostOfficeStats): CloseReport {
    return { delivered: tally.delivered - before.delivered, pending, dead: tally.dead - before.dead };
  }

  async function closeOnce(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening.catch(() => undefined);
    if (opened === undefined) {
      await client.close();
      return { delivered: 0, pending: 0, dead: 0 };
    }
    const { outbox, delivery } = opened;
    const before = { ...tally };
    await doneOrTimedOut(delivery.whenIdle(), timeoutMs, clock);
    await delivery.stop();
    cancelExpiry?.();
    try {
      lastStats = statsOf(outbox, delivery);
      return reportSince(before, lastStats);
    } finally {
      outbox.close();
      claim?.release();
    }
  }

  function statsOf(outbox: Outbox, delivery: Delivery): PostOfficeStats {
    const { pending, pendingBytes, dead, oldestAcceptedAt } = outbox.counts();
    return {
      delivered: tally.delivered,
      retried: tally.retried,
      pending,
      pendingBytes,
      inFlight: delivery.inFlight,
      dead,
      oldestAgeMs: oldestAcceptedAt === undefined ? 0 : Math.max(0, clock.now() - oldestAcceptedAt),
      circuit: delivery.circuit,
    };
  }

  async function whileOpen(): Promise<{ outbox: Outbox; delivery: Delivery }> {
    if (closing !== undefined) throw new CRMOutboxError(closed.detail, { retryable: false });
    return opening;
  }

  return {
    async ready() {
      await opening;
    },

    async accept(batch) {
      if (closing !== undefined) return batch.map(() => closed);
      try {
        const { outbox, delivery } = await opening;
        return acceptInto(outbox, delivery, batch);
      } catch (error) {
        return batch.map(() => failed(error));
      }
    },

    async stats() {
      if (lastStats !== undefined) return lastStats;
      const { outbox, delivery } = await opening;
      return statsOf(outbox, delivery);
    },

    flush: (timeoutMs) => closing ?? flush(timeoutMs),
    close: (timeoutMs) => (closing ??= closeOnce(timeoutMs)),
    listDead: async (query) => (await whileOpen()).outbox.listDead(query),

    async redeliver(id) {
      const { outbox, delivery } = await whileOpen();
      const count = outbox.redeliver(id, clock.now());
      delivery.wake();
      return count;
    },

    discard: async (id) => (await whileOpen()).outbox.discard(id),
  };
}

function failed(error: unknown): Acceptance {
  return { accepted: false, reason: 'failed', detail: error instanceof Error ? error.message : 'unknown' };
}

const closed = { accepted: false, reason: 'closed', detail: 'the notifier is closed' } as const;

const full: Acceptance = {
  accepted: false,
  reason: 'full',
  detail: 'maxPending is reached: the CRM takes less than the app sends; see why, or raise maxPending',
};
