import type { Dispatcher } from 'undici';
import { createCrmClient } from '../client/crm-client.js';
import type { TokenProvider } from '../client/token.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMNotificationError, CRMOutboxError } from '../core/errors.js';
import type { SteadyClock } from '../core/steady-clock.js';
import { troubleOf } from '../core/trouble.js';
import { maxUnderWay } from '../delivery/attempts-under-way.js';
import { createDelivery, type Delivery } from '../delivery/delivery.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { crmFormat } from '../format/crm-format.js';
import { discardAll, redeliverAll } from '../outbox/all-dead-letters.js';
import { crmTarget, type AcceptedNotification, type Outbox } from '../outbox/outbox.js';
import { sizeOnDisk } from '../outbox/sqlite/size-on-disk.js';
import type { Enter } from '../outbox/sqlite/sqlite-driver.js';
import { createHttpTarget } from '../target/http-target.js';
import type { Logger } from '../telemetry/logger.js';
import { acceptInto } from './accept-into.js';
import { createDeliveryTally, type DeliveryTally } from './delivery-tally.js';
import { countsOf, noCounts } from './counts-of.js';
import { createDeliverer, type Deliverer } from './deliverer.js';
import { startMaintenance } from './maintenance.js';
import { openOutbox } from './open-outbox.js';
import { createOutboxClock } from './outbox-clock.js';
import { closed, type Acceptance, type CloseReport, type PostOffice, type PostOfficeStats } from './post-office.js';
import type { PostOfficeSettings } from './post-office-settings.js';
import { createSpells } from './spells.js';
import { untilIdle } from './until-idle.js';

export interface InlineHostOptions {
  readonly settings: PostOfficeSettings;
  readonly authToken: string | TokenProvider;
  readonly dispatcher: Dispatcher | undefined;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** In a thread, what its native calls go through; see `exit-gate.ts`. */
  readonly enter?: Enter | undefined;
  /** How long settlements gather for one transaction, in milliseconds. @default 0, the rest of a turn */
  readonly gatherMs?: number | undefined;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** Called once, when everything is given back. */
  readonly onClosed?: (() => void) | undefined;
}

export interface InlineHost extends PostOffice {
  /** `mayStore` is asked right before the batch is stored; one that may not be is refused as `closed`. */
  accept(batch: readonly AcceptedNotification[], mayStore?: () => boolean): Promise<readonly Acceptance[]>;
}

interface Opened {
  readonly outbox: Outbox;
  readonly deliverer: Deliverer;
  readonly steady: SteadyClock;
  readonly stopMaintenance: () => void;
}

/** How long they gather on a disk, in milliseconds: what a kill repeats; docs/delivery-guarantees.md names it. */
export const gatherOnDiskMs = 20;

const reopenAfterMs = 1_000;

/** Runs the post office in the thread of its caller. */
export function createInlineHost(options: InlineHostOptions): InlineHost {
  const { settings, clock, onEvent, gatherMs = 0 } = options;
  const { sync, maxPending, deadRetentionMs } = settings.outbox;
  const spells = createSpells(onEvent);
  const tally = createDeliveryTally();
  let cancelReopen: (() => void) | undefined;
  let closing: Promise<CloseReport> | undefined;
  let lastStats: PostOfficeStats | undefined;
  let isStarting = true;
  let opening = open();

  /** Whoever asks for it gets a rejection; nobody asking is no reason to end the process. */
  function open(): Promise<Opened> {
    const opened = openOnce();
    opened.then(
      () => {
        isStarting = false;
        spells.end('open');
      },
      (error: unknown) => {
        isStarting = false;
        spells.begin('open', error);
        // Options are not mended by trying again; a full disk may be.
        if (closing === undefined && !(error instanceof CRMConfigError))
          cancelReopen = clock.after(reopenAfterMs, reopen);
      },
    );
    return opened;
  }

  function reopen(): void {
    opening = open();
  }

  async function openOnce(): Promise<Opened> {
    const { file } = settings;
    const now = (): number => clock.now();
    const { outbox, leadership } = await openOutbox({ file, sync, now, onRepaired, enter: options.enter });
    const steady = createOutboxClock(outbox, leadership, clock);
    const deliverer = createDeliverer({
      outbox,
      leadership,
      startDelivery: () => startDelivery(outbox, steady),
      clock,
      spells,
    });
    const { logger } = options;
    const stopMaintenance = startMaintenance({ outbox, clock, steady, deadRetentionMs, logger, spells });
    return { outbox, deliverer, steady, stopMaintenance };
  }

  function startDelivery(outbox: Outbox, steady: SteadyClock): Delivery {
    const format = crmFormat;
    const { target, delivery } = settings;
    const connections = maxUnderWay(delivery.concurrency);
    const client = createCrmClient({ ...options, ...target, connections, format });
    return createDelivery({
      ...delivery,
      timeoutMs: target.timeoutMs,
      outbox,
      target: createHttpTarget({ name: crmTarget, client, format, clock }),
      clock,
      // The delivery before this one ends soon; what it has in memory goes by the clock of its time.
      steady: steady.goOn(),
      onEvent: count,
      random: Math.random,
      gatherMs,
    });
  }

  function onRepaired(error: Error): void {
    onEvent({ kind: 'outboxRepaired', message: error.message });
  }

  function count(event: DeliveryEvent): void {
    tally.add(event);
    onEvent(event);
  }

  async function flush(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening;
    const before = { ...tally.counts };
    await untilIdle(opened, timeoutMs, clock);
    // A close meanwhile has ended the wait, and perhaps the outbox.
    return reportSince(before, lastStats ?? statsOf(opened));
  }

  function reportSince(before: DeliveryTally, { pending }: PostOfficeStats): CloseReport {
    return { delivered: tally.counts.delivered - before.delivered, pending, dead: tally.counts.dead - before.dead };
  }

  async function closeOnce(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening.catch(() => undefined);
    cancelReopen?.();
    if (opened === undefined) {
      options.onClosed?.();
      return { delivered: 0, pending: 0, dead: 0 };
    }
    const before = { ...tally.counts };
    await untilIdle(opened, timeoutMs, clock);
    await opened.deliverer.stop();
    opened.stopMaintenance();
    try {
      lastStats = statsOf(opened);
      return reportSince(before, lastStats);
    } finally {
      opened.outbox.close();
      options.onClosed?.();
    }
  }

  function statsOf(opened: Opened | undefined): PostOfficeStats {
    const counts = countsOf(opened?.outbox);
    const { pending, pendingBytes, dead, oldestAcceptedAt } = counts ?? noCounts;
    const delivery = opened?.deliverer.delivery;
    return {
      delivered: tally.counts.delivered,
      retried: tally.counts.retried,
      unsent: tally.counts.unsent,
      pending,
      pendingBytes,
      inFlight: delivery?.inFlight ?? 0,
      dead,
      oldestAgeMs: oldestAcceptedAt === undefined ? 0 : Math.max(0, (opened?.steady ?? clock).now() - oldestAcceptedAt),
      outboxBytes: settings.file === undefined ? 0 : sizeOnDisk(settings.file),
      circuit: delivery?.circuit ?? 'closed',
      isDelivering: delivery !== undefined,
      isOutboxReadable: counts !== undefined,
    };
  }

  async function whileOpen(): Promise<Opened> {
    if (closing !== undefined) throw new CRMOutboxError(closed.detail, { retryable: false });
    return opening;
  }

  return {
    async ready() {
      await whileOpen();
    },

    async accept(batch, mayStore) {
      if (closing !== undefined) return batch.map(() => closed);
      let opened: Opened;
      try {
        opened = await opening;
      } catch (error) {
        return batch.map(() => failed(error));
      }
      if (mayStore?.() === false) return batch.map(() => closed);
      try {
        const { acceptances, pending } = acceptInto(opened.outbox, batch, maxPending, opened.steady.now());
        opened.deliverer.wake(pending);
        spells.end('append');
        return acceptances;
      } catch (error) {
        spells.begin('append', error);
        return batch.map(() => failed(error));
      }
    },

    async stats() {
      return lastStats ?? statsOf(await opening.catch(() => undefined));
    },

    isStarting: () => isStarting,
    lastKnown: () => ({ delivered: tally.counts.delivered, pending: lastStats?.pending ?? 0, dead: tally.counts.dead }),
    flush: (timeoutMs) => closing ?? flush(timeoutMs),
    close: (timeoutMs) => (closing ??= closeOnce(timeoutMs)),
    listDead: async (query) => (await whileOpen()).outbox.listDead(query),

    async redeliver(id) {
      const { outbox, deliverer, steady } = await whileOpen();
      const redelivered = outbox.redeliver(id, steady.now());
      deliverer.wake();
      return redelivered;
    },

    async redeliverAll(filter) {
      const { outbox, deliverer, steady } = await whileOpen();
      const onPiece = (): boolean => {
        deliverer.wake();
        return closing === undefined;
      };
      const redelivered = await redeliverAll(outbox, { ...filter, now: () => steady.now(), onPiece });
      deliverer.wake();
      return redelivered;
    },

    discard: async (id) => (await whileOpen()).outbox.discard(id),
    discardAll: async (filter) =>
      discardAll((await whileOpen()).outbox, { ...filter, onPiece: () => closing === undefined }),
  };
}

/** Whether asking again may help is what the error says, if it is ours; a disk may recover. */
function failed(error: unknown): Acceptance {
  const isFinal = error instanceof CRMNotificationError && !error.retryable;
  return { accepted: false, reason: isFinal ? 'closed' : 'failed', detail: troubleOf(error).message };
}
