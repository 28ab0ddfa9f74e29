import type { Dispatcher } from 'undici';
import { createCrmClient } from '../client/crm-client.js';
import type { TokenProvider } from '../config/token.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMOutboxError } from '../core/errors.js';
import { troubleOf } from '../core/trouble.js';
import { createDelivery } from '../delivery/delivery.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { createMemoryOutbox } from '../outbox/memory-outbox.js';
import type { AcceptedNotification, Outbox } from '../outbox/outbox.js';
import { openDeliveryLock } from '../outbox/sqlite/delivery-lock.js';
import { openSqliteOutbox } from '../outbox/sqlite/open-sqlite-outbox.js';
import { loadSqlite } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { createDeliverer, type Deliverer } from './deliverer.js';
import { full, type Acceptance, type CloseReport, type PostOffice, type PostOfficeStats } from './post-office.js';
import type { PostOfficeSettings } from './post-office-settings.js';

export interface InlineHostOptions {
  readonly settings: PostOfficeSettings;
  readonly authToken: string | TokenProvider;
  readonly dispatcher: Dispatcher | undefined;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** Called once, when everything is given back. */
  readonly onClosed?: (() => void) | undefined;
}

interface Opened {
  readonly outbox: Outbox;
  readonly deliverer: Deliverer;
}

const maintainEveryMs = 1_000;
const expireEveryMs = 3_600_000;
const reopenAfterMs = 1_000;

/** Runs the post office in the thread of its caller. */
export function createInlineHost(options: InlineHostOptions): PostOffice {
  const { settings, clock, onEvent } = options;
  const { maxPending } = settings;
  const client = createCrmClient({ ...options, ...settings, connections: settings.concurrency });
  const tally = { delivered: 0, retried: 0, dead: 0 };
  let cancelMaintenance: (() => void) | undefined;
  let expiredAtMs = -Infinity;
  let closing: Promise<CloseReport> | undefined;
  let lastStats: PostOfficeStats | undefined;
  let failedAtMs: number | undefined;
  let isAppendFailing = false;
  let opening = open();

  async function open(): Promise<Opened> {
    const opened = openOutbox();
    // Whoever asks for it gets the rejection; nobody asking is no reason to end the process.
    opened.catch((error: unknown) => {
      // Options are not mended by trying again; a full disk may be.
      if (!(error instanceof CRMConfigError)) failedAtMs = clock.monotonicMs();
      onEvent({ kind: 'outboxError', operation: 'open', error: troubleOf(error) });
    });
    return opened;
  }
  opening.catch(() => undefined);

  async function openOutbox(): Promise<Opened> {
    const { file, sync } = settings;
    const sqlite = file === undefined ? undefined : await loadSqlite();
    const outbox =
      file === undefined || sqlite === undefined
        ? createMemoryOutbox()
        : openSqliteOutbox({ open: sqlite, file, sync, now: () => clock.now(), onRepaired });
    const leadership = file === undefined || sqlite === undefined ? undefined : openDeliveryLock(sqlite, file);
    const startDelivery = (): ReturnType<typeof createDelivery> =>
      createDelivery({ ...settings, outbox, client, clock, onEvent: count, random: Math.random });
    maintain(outbox);
    return { outbox, deliverer: createDeliverer({ outbox, leadership, startDelivery, clock, onEvent }) };
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

  function maintain(outbox: Outbox): void {
    try {
      outbox.maintain();
      if (clock.monotonicMs() - expiredAtMs >= expireEveryMs) {
        expiredAtMs = clock.monotonicMs();
        outbox.expireDead(clock.now() - settings.deadRetentionMs);
      }
    } catch (error) {
      onEvent({ kind: 'outboxError', operation: 'maintain', error: troubleOf(error) });
    }
    cancelMaintenance = clock.after(maintainEveryMs, () => {
      maintain(outbox);
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

  function acceptInto({ outbox, deliverer }: Opened, batch: readonly AcceptedNotification[]): Acceptance[] {
    try {
      const room = roomFor(outbox, batch);
      if (room > 0) outbox.append(room === batch.length ? batch : batch.slice(0, room));
      if (room > 0) deliverer.wake();
      isAppendFailing = false;
      return batch.map((_, index) => (index < room ? { accepted: true } : full));
    } catch (error) {
      // Said once for each spell of trouble: a failing outbox is asked again and again.
      if (!isAppendFailing) onEvent({ kind: 'outboxError', operation: 'append', error: troubleOf(error) });
      isAppendFailing = true;
      return batch.map(() => failed(error));
    }
  }

  async function flush(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening;
    const before = { ...tally };
    await untilIdle(opened, timeoutMs);
    // A close meanwhile has ended the wait, and perhaps the outbox.
    return reportSince(before, lastStats ?? statsOf(opened));
  }

  /** Another process that delivers is waited for by looking; this one's own delivery says so itself. */
  function untilIdle({ outbox, deliverer }: Opened, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      let cancelLook: (() => void) | undefined;
      const end = (): void => {
        cancelLook?.();
        cancel();
        resolve();
      };
      const cancel = clock.after(timeoutMs, end, { keepAlive: true });
      const look = (): void => {
        if (deliverer.delivery !== undefined) void deliverer.delivery.whenIdle().then(end);
        else if (closing !== undefined || outbox.counts().pending === 0) end();
        else cancelLook = clock.after(50, look);
      };
      look();
    });
  }

  function reportSince(before: typeof tally, { pending }: PostOfficeStats): CloseReport {
    return { delivered: tally.delivered - before.delivered, pending, dead: tally.dead - before.dead };
  }

  async function closeOnce(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening.catch(() => undefined);
    if (opened === undefined) {
      await client.close();
      options.onClosed?.();
      return { delivered: 0, pending: 0, dead: 0 };
    }
    const before = { ...tally };
    await untilIdle(opened, timeoutMs);
    await opened.deliverer.stop();
    await client.close();
    cancelMaintenance?.();
    try {
      lastStats = statsOf(opened);
      return reportSince(before, lastStats);
    } finally {
      opened.outbox.close();
      options.onClosed?.();
    }
  }

  function statsOf({ outbox, deliverer }: Opened): PostOfficeStats {
    const { pending, pendingBytes, dead, oldestAcceptedAt } = outbox.counts();
    return {
      delivered: tally.delivered,
      retried: tally.retried,
      pending,
      pendingBytes,
      inFlight: deliverer.delivery?.inFlight ?? 0,
      dead,
      oldestAgeMs: oldestAcceptedAt === undefined ? 0 : Math.max(0, clock.now() - oldestAcceptedAt),
      circuit: deliverer.delivery?.circuit ?? 'closed',
      isDelivering: deliverer.delivery !== undefined,
    };
  }

  async function whileOpen(): Promise<Opened> {
    if (closing !== undefined) throw new CRMOutboxError('the notifier is closed', { retryable: false });
    if (failedAtMs !== undefined && clock.monotonicMs() - failedAtMs >= reopenAfterMs) {
      failedAtMs = undefined;
      opening = open();
      opening.catch(() => undefined);
    }
    return opening;
  }

  return {
    async ready() {
      await opening;
    },

    async accept(batch) {
      try {
        return acceptInto(await whileOpen(), batch);
      } catch (error) {
        return batch.map(() => failed(error));
      }
    },

    async stats() {
      return lastStats ?? statsOf(await opening);
    },

    flush: (timeoutMs) => closing ?? flush(timeoutMs),
    close: (timeoutMs) => (closing ??= closeOnce(timeoutMs)),
    listDead: async (query) => (await whileOpen()).outbox.listDead(query),

    async redeliver(id) {
      const { outbox, deliverer } = await whileOpen();
      const redelivered = outbox.redeliver(id, clock.now());
      deliverer.wake();
      return redelivered;
    },

    discard: async (id) => (await whileOpen()).outbox.discard(id),
  };
}

function failed(error: unknown): Acceptance {
  const isFinal = error instanceof CRMOutboxError && !error.retryable;
  return { accepted: false, reason: isFinal ? 'closed' : 'failed', detail: troubleOf(error).message };
}
