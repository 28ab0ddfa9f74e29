import type { Dispatcher } from 'undici';
import { createCrmClient } from '../client/crm-client.js';
import type { TokenProvider } from '../config/token.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMNotificationError, CRMOutboxError } from '../core/errors.js';
import type { SteadyClock } from '../core/steady-clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import { troubleOf } from '../core/trouble.js';
import { maxUnderWay } from '../delivery/attempts-under-way.js';
import { createDelivery, type Delivery } from '../delivery/delivery.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { redeliverAll } from '../outbox/all-dead-letters.js';
import { crmTarget, type Outbox, type OutboxCounts } from '../outbox/outbox.js';
import { sizeOnDisk } from '../outbox/sqlite/outbox-files.js';
import type { Enter } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { acceptInto } from './accept-into.js';
import { createDeliverer, type Deliverer } from './deliverer.js';
import { startMaintenance } from './maintenance.js';
import { openOutbox } from './open-outbox.js';
import { createOutboxClock } from './outbox-clock.js';
import { closed, type Acceptance, type CloseReport, type PostOffice, type PostOfficeStats } from './post-office.js';
import type { PostOfficeSettings } from './post-office-settings.js';
import { createSpells } from './spells.js';

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

interface Opened {
  readonly outbox: Outbox;
  readonly deliverer: Deliverer;
  readonly steady: SteadyClock;
  readonly stopMaintenance: () => void;
}

/** How long they gather on a disk, in milliseconds: what a kill repeats; docs/delivery-guarantees.md names it. */
export const gatherOnDiskMs = 20;

const reopenAfterMs = 1_000;
const lookForIdleMs = 50;

/** Runs the post office in the thread of its caller. */
export function createInlineHost(options: InlineHostOptions): PostOffice {
  const { settings, clock, onEvent, gatherMs = 0 } = options;
  const spells = createSpells(onEvent);
  const tally = { delivered: 0, retried: 0, dead: 0 };
  let cancelReopen: (() => void) | undefined;
  let closing: Promise<CloseReport> | undefined;
  let lastStats: PostOfficeStats | undefined;
  let opening = open();

  /** Whoever asks for it gets a rejection; nobody asking is no reason to end the process. */
  function open(): Promise<Opened> {
    const opened = openOnce();
    opened.then(
      () => {
        spells.end('open');
      },
      (error: unknown) => {
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
    const { file, sync, deadRetentionMs } = settings;
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
    const client = createCrmClient({ ...options, ...settings, connections: maxUnderWay(settings.concurrency) });
    return createDelivery({
      ...settings,
      outbox,
      targetName: crmTarget,
      client,
      clock,
      // The delivery before this one ends soon; what it has in memory goes by the clock of its time.
      steady: steady.goOn(),
      onEvent: count,
      random: Math.random,
      gatherMs,
    });
  }

  function onRepaired(error: Error): void {
    onEvent({ kind: 'outboxError', operation: 'repair', error: troubleOf(error) });
  }

  function count(event: DeliveryEvent): void {
    if (event.kind === 'delivered') tally.delivered += 1;
    else if (event.kind === 'retry') tally.retried += 1;
    else if (event.kind === 'dead') tally.dead += 1;
    onEvent(event);
  }

  async function flush(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening;
    const before = { ...tally };
    await untilIdle(opened, timeoutMs);
    // A close meanwhile has ended the wait, and perhaps the outbox.
    return reportSince(before, lastStats ?? statsOf(opened));
  }

  async function untilIdle(opened: Opened, timeoutMs: number): Promise<void> {
    const wait = { isOver: false };
    await doneOrTimedOut(idle(opened, wait), timeoutMs, clock);
    wait.isOver = true;
  }

  /** What another process delivers is waited for by looking; this one's own delivery says so itself. */
  async function idle({ outbox, deliverer }: Opened, wait: { readonly isOver: boolean }): Promise<void> {
    while (deliverer.delivery === undefined && !wait.isOver && (countsOf(outbox) ?? nothing).pending > 0) {
      await new Promise<void>((resolve) => void clock.after(lookForIdleMs, resolve));
    }
    await deliverer.delivery?.whenIdle();
  }

  function reportSince(before: typeof tally, { pending }: PostOfficeStats): CloseReport {
    return { delivered: tally.delivered - before.delivered, pending, dead: tally.dead - before.dead };
  }

  async function closeOnce(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening.catch(() => undefined);
    cancelReopen?.();
    if (opened === undefined) {
      options.onClosed?.();
      return { delivered: 0, pending: 0, dead: 0 };
    }
    const before = { ...tally };
    await untilIdle(opened, timeoutMs);
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
    const { pending, pendingBytes, dead, oldestAcceptedAt } = counts ?? nothing;
    const delivery = opened?.deliverer.delivery;
    return {
      delivered: tally.delivered,
      retried: tally.retried,
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

    async accept(batch) {
      if (closing !== undefined) return batch.map(() => closed);
      let opened: Opened;
      try {
        opened = await opening;
      } catch (error) {
        return batch.map(() => failed(error));
      }
      try {
        const { acceptances, pending } = acceptInto(opened.outbox, batch, settings.maxPending, opened.steady.now());
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

    flush: (timeoutMs) => closing ?? flush(timeoutMs),
    close: (timeoutMs) => (closing ??= closeOnce(timeoutMs)),
    listDead: async (query) => (await whileOpen()).outbox.listDead(query),

    async redeliver(id) {
      const { outbox, deliverer, steady } = await whileOpen();
      const now = (): number => steady.now();
      const onPiece = (): boolean => {
        deliverer.wake();
        return closing === undefined;
      };
      const redelivered = id === 'all' ? await redeliverAll(outbox, { now, onPiece }) : outbox.redeliver(id, now());
      deliverer.wake();
      return redelivered;
    },

    discard: async (id) => (await whileOpen()).outbox.discard(id),
  };
}

const nothing: OutboxCounts = { pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined };

/** Undefined for an outbox that cannot be read; its trouble is told by whoever needs more than to look. */
function countsOf(outbox: Outbox | undefined): OutboxCounts | undefined {
  try {
    return outbox?.counts();
  } catch {
    return undefined;
  }
}

/** Whether asking again may help is what the error says, if it is ours; a disk may recover. */
function failed(error: unknown): Acceptance {
  const isFinal = error instanceof CRMNotificationError && !error.retryable;
  return { accepted: false, reason: isFinal ? 'closed' : 'failed', detail: troubleOf(error).message };
}
