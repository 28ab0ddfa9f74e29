import { systemClock, type Clock } from '../core/clock.js';
import { CRMNotificationError, CRMOutboxError, errorDataOf } from '../core/errors.js';
import { afterAwake } from '../core/time-limit.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { History } from '../history/history.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import { recordChanges, type RecordedChanges } from '../history/record-changes.js';
import { readTimeline } from '../history/timeline.js';
import type { RunNative } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { createDeliveryTally, type DeliveryTally } from './delivery-tally.js';
import { createFailureReporter, createOpening } from './opening.js';
import { untilIdle } from './leading-delivery.js';
import {
  type Acceptance,
  closed,
  type CloseReport,
  type PostOffice,
  type PostOfficeSettings,
  type PostOfficeStats,
} from './post-office.js';
import { readStats } from './read-stats.js';
import { isAway } from '../outbox/postgres/server-errors.js';
import type { WholeTarget } from './start-deliveries.js';
import { tryNow } from './try-now.js';
import { useStore, type StoreInUse } from './use-store.js';

export interface InlineHostOptions {
  readonly settings: PostOfficeSettings;
  readonly targets: readonly WholeTarget[];
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** In a thread, runs its native calls; see `thread-gates.ts`. */
  readonly runNative?: RunNative | undefined;
  /** How long settlements and newly accepted notifications gather, in milliseconds. @default 0, to the end of the turn */
  readonly gatherMs?: number | undefined;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** Called once, when everything is released. */
  readonly onClosed?: (() => void) | undefined;
}

/** How long a server may take at the end. By the computer's clock, because a server does not know a test's. */
const reportWithinMs = 500;

export interface InlineHost extends PostOffice {
  /** `mayStore` is called right before the batch is stored; if it returns false, the batch is refused as `closed`. */
  accept(batch: readonly AcceptedNotification[], mayStore?: () => boolean): Promise<readonly Acceptance[]>;
}

/** Runs the post office in the caller's thread. */
export function createInlineHost(options: InlineHostOptions): InlineHost {
  const { settings, clock, onEvent } = options;
  const names = options.targets.map(({ name }) => name);
  const failures = createFailureReporter(onEvent);
  const tally = createDeliveryTally();
  const cutOff = new AbortController();
  const opening = createOpening({ open, clock, failures });
  let closing: Promise<CloseReport> | undefined;
  let lastStats: PostOfficeStats | undefined;

  function open(): Promise<StoreInUse> {
    return useStore({ ...options, failures, signal: cutOff.signal, onEvent: countAndPassOn });
  }

  function countAndPassOn(event: DeliveryEvent): void {
    tally.add(event);
    onEvent(event);
  }

  async function flush(timeoutMs: number): Promise<CloseReport> {
    const opened = await opening.opened;
    const before = { ...tally.counts };
    await untilIdle(opened, timeoutMs, clock);
    // A close meanwhile has ended the wait, and perhaps closed the store.
    return reportSince(before, lastStats ?? (await statsOf(opened, reportWithinMs)));
  }

  function reportSince(before: DeliveryTally, { pending }: PostOfficeStats): CloseReport {
    return { delivered: tally.counts.delivered - before.delivered, pending, dead: tally.counts.dead - before.dead };
  }

  async function close(timeoutMs: number): Promise<CloseReport> {
    opening.stop();
    const startedAtMs = clock.monotonicMs();
    const opened = await openedWithin(timeoutMs);
    const leftMs = Math.max(1, timeoutMs - (clock.monotonicMs() - startedAtMs));
    let cancelCutOff: (() => void) | undefined;
    try {
      if (opened === undefined) return { delivered: 0, pending: 0, dead: 0 };
      const before = { ...tally.counts };
      await untilIdle(opened, leftMs, clock);
      cancelCutOff = systemClock.after(reportWithinMs, () => cutOff.abort(), { keepAlive: true });
      await opened.leading.stop();
      await opened.pauses?.stop();
      lastStats = await statsOf(opened, reportWithinMs);
      await opened.reporting?.stop();
      return reportSince(before, lastStats);
    } finally {
      await opened?.store.close();
      cancelCutOff?.();
      options.onClosed?.();
    }
  }

  /** Resolves to undefined if the latest try to open the store fails, or takes longer: then it is cut off. */
  async function openedWithin(timeoutMs: number): Promise<StoreInUse | undefined> {
    const opened = opening.opened.catch(() => undefined);
    const limit = { keepAlive: true, isTimeLimit: true };
    const cancel = afterAwake(clock, timeoutMs, () => cutOff.abort(), limit);
    await opened;
    cancel();
    return opened;
  }

  function statsOf(opened: StoreInUse | undefined, withinMs?: number): Promise<PostOfficeStats> {
    return readStats({ targets: names, tally, opened, clock, withinMs });
  }

  async function whileOpen(): Promise<StoreInUse> {
    if (closing !== undefined) throw new CRMOutboxError(closed.detail, { retryable: false });
    return opening.opened;
  }

  /** The history with what this process had yet to report; undefined where it may not be read. */
  async function wholeHistory(): Promise<History | undefined> {
    const { store, reporting } = await whileOpen();
    await reporting?.flush();
    return store.history;
  }

  const isOpen = (): boolean => closing === undefined;

  const changesIn = ({ store, reporting }: StoreInUse): RecordedChanges =>
    recordChanges(store, { now: () => clock.now(), onChanged: (entries) => reporting?.onChanged(entries) });

  return {
    async ready() {
      // A server that is away comes back; a disk that cannot be written to is for somebody to look at.
      if (closing === undefined && settings.place.kind === 'postgres') await opening.untilOpened(isAway);
      await whileOpen();
    },

    async accept(batch, mayStore) {
      if (closing !== undefined) return batch.map(() => closed);
      let opened: StoreInUse;
      try {
        opened = await opening.opened;
      } catch (error) {
        return batch.map(() => refusalOf(error));
      }
      if (mayStore?.() === false) return batch.map(() => closed);
      try {
        const { acceptances, pending } = await opened.store.accept(batch);
        opened.leading.wake(pending);
        const taken = batch.filter((_, index) => acceptances[index]?.accepted === true);
        opened.reporting?.onAccepted(taken);
        failures.worked('append');
        return acceptances;
      } catch (error) {
        failures.failed('append', error);
        return batch.map(() => refusalOf(error));
      }
    },

    lookSoon(written) {
      opening.opened.then(({ store, reporting }) => {
        store.lookSoon();
        if (written.length > 0) reporting?.onAccepted(written);
      }, ignore);
    },
    async processes() {
      const { store, reporting } = await whileOpen();
      await reporting?.report();
      return store.history?.processes();
    },
    minutes: async (from) => (await wholeHistory())?.minutes(from),
    countsByType: async (from) => (await wholeHistory())?.countsByType(from),
    changes: async (from) => (await wholeHistory())?.changes(from),
    stats: async () => lastStats ?? statsOf(await opening.opened.catch(() => undefined)),
    isStarting: () => opening.isStarting,
    lastKnown: () => ({ delivered: tally.counts.delivered, pending: lastStats?.pending ?? 0, dead: tally.counts.dead }),
    flush: (timeoutMs) => closing ?? flush(timeoutMs),
    close: (timeoutMs) => (closing ??= close(timeoutMs)),
    listPending: async (query) => (await whileOpen()).store.listPending(query),
    countPending: async (filter) => (await whileOpen()).store.countPending(filter),
    listDead: async (query) => (await whileOpen()).store.listDead(query),
    summariseDead: async (filter) => (await whileOpen()).store.summariseDead(filter),
    find: async (id) => (await whileOpen()).store.find(id),
    async timeline(id) {
      const { store } = await whileOpen();
      return readTimeline(store, (await wholeHistory()) ?? noHistory, id);
    },
    countDelivered: async (filter) => (await (await wholeHistory())?.countDelivered(filter)) ?? 0,
    listDelivered: async (query) => (await (await wholeHistory())?.listDelivered(query)) ?? [],

    tryNow: async (which) => tryNow(await whileOpen(), which),

    async redeliver({ id, target, by }) {
      const opened = await whileOpen();
      const { leading } = opened;
      const redelivered = await changesIn(opened).redeliver(id, target, by);
      leading.wake();
      return redelivered;
    },

    async redeliverAll(which) {
      const opened = await whileOpen();
      const { leading } = opened;
      const redelivered = await changesIn(opened).redeliverAll(which, () => {
        leading.wake();
        return isOpen();
      });
      leading.wake();
      return redelivered;
    },

    discard: async ({ id, target, by }) => changesIn(await whileOpen()).discard(id, target, by),
    discardAll: async (which) => changesIn(await whileOpen()).discardAll(which, isOpen),

    async changePause(change) {
      const { pauses } = await whileOpen();
      if (pauses === undefined) throw new CRMOutboxError(mayNotPause, { retryable: false });
      return pauses.change(change);
    },
  };
}

const mayNotPause =
  'this role may only INSERT into the outbox; pause and resume with one that has all rights (docs/postgres.md)';

/** Of a process that may not read one. */
const noHistory = { timeline: () => Promise.resolve({ entries: [], delivered: [] }) };

function ignore(): void {
  // That the store cannot be opened or read is reported already.
}

/** `closed` if the error is ours and states that trying again cannot help, else `failed`: a disk may recover. */
function refusalOf(error: unknown): Acceptance {
  const isFinal = error instanceof CRMNotificationError && !error.retryable;
  return { accepted: false, reason: isFinal ? 'closed' : 'failed', detail: errorDataOf(error).message };
}
