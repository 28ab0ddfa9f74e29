import { randomUUID } from 'node:crypto';
import { durationText } from '../core/duration-text.js';
import { createSteadyClock } from '../core/steady-clock.js';
import { createAnnouncer } from '../outbox/postgres/announcer.js';
import { createAnnouncements } from '../outbox/postgres/announcements.js';
import { appendRows } from '../outbox/postgres/append-rows.js';
import { readKnownUrl } from '../outbox/postgres/known-url.js';
import { loadPg } from '../outbox/postgres/pg-driver.js';
import { createPostgresAccess } from '../outbox/postgres/postgres-access.js';
import { createPostgresHistory } from '../history/postgres-history.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import type { PostgresOutbox } from '../outbox/postgres/postgres-outbox.js';
import { connectToServer, type PostgresServer } from '../outbox/postgres/postgres-server.js';
import { prepareTables } from '../outbox/postgres/prepare-tables.js';
import { tablesOf } from '../outbox/postgres/schema.js';
import { createAcceptingStore } from './accepting-store.js';
import type { StoreOptions } from './store-options.js';
import { createPendingEstimate, type PendingEstimate } from './pending-estimate.js';
import { createPostgresLeader } from './postgres-leader.js';
import { startPostgresUpkeep } from './postgres-upkeep.js';
import { acceptancesFor } from './room.js';
import type { Accepted, Store } from './store.js';

export interface PostgresStoreOptions extends Omit<StoreOptions, 'onRepaired' | 'runNative'> {
  readonly outbox: PostgresOutbox;
}

/** Opens a store in PostgreSQL. Rejects with `CRMConfigError` when its tables cannot be used, else while the server is away. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { outbox, signal } = options;
  let mayPrepare = false;
  const { connection } = outbox;
  const server = connectToServer({ pg: loadPg(), connection, mayPrepare: () => mayPrepare, signal });
  try {
    const { mayDeliver } = await prepareTables(server, outbox);
    const onHeard = (): void => {
      mayPrepare = true;
    };
    if (mayDeliver) return await createStore(options, server, onHeard);
    options.logger.warn({}, `CRM outbox: ${mayOnlyAccept}`);
    return createAcceptingStore(options, server, tablesOf(outbox.table));
  } catch (error) {
    await server.close();
    throw error;
  }
}

const mayOnlyAccept =
  'this role may only INSERT, so this process does not deliver; another one must, such as: crm-notifier deliver --watch';

const deaf =
  'LISTEN hears nothing, as behind a pooler in transaction mode; the leader looks every 100 ms instead. For the fastest delivery, ' +
  'connect to the server itself';

async function createStore(options: PostgresStoreOptions, server: PostgresServer, onHeard: () => void): Promise<Store> {
  const { outbox, settings, clock, logger, failures, onArrived, onWanted } = options;
  const { maxPending, deadRetentionMs } = settings.outbox;
  const tables = tablesOf(outbox.table);
  const processId = randomUUID();
  const knownUrl = await readKnownUrl(server.run, tables);
  const steady = createSteadyClock(clock, { from: 0, to: 0 });
  /** How far the server's clock is ahead of ours. */
  let aheadMs = 0;
  const access = createPostgresAccess({ run: server.run, table: outbox.table });
  const createEstimate = (target?: string): PendingEstimate =>
    createPendingEstimate(async () => {
      const counts = await access.counts(target);
      const { oldestAcceptedAt } = counts;
      return { ...counts, oldestAcceptedAt: oldestAcceptedAt === undefined ? undefined : oldestAcceptedAt - aheadMs };
    }, clock);
  const estimate = createEstimate();
  const targets = settings.targets.map(({ name }) => name);
  // With one target, that is all there is to count.
  const estimates = new Map(targets.length === 1 ? [] : targets.map((target) => [target, createEstimate(target)]));
  const forgetCounts = (): void => {
    for (const known of [estimate, ...estimates.values()]) known.forget();
  };

  const announcer = createAnnouncer({ run: server.run, tables, clock });
  const announcements = createAnnouncements({
    server,
    tables,
    announcer,
    clock,
    onHeard,
    onAnnounced() {
      lookSoon();
    },
    onDeaf() {
      logger.warn({}, `CRM outbox: ${deaf}`);
    },
  });
  const leading = createPostgresLeader({
    server,
    tables,
    processId,
    clock,
    steady,
    targets,
    maxWaitMs: Math.max(
      ...settings.targets.flatMap(({ delivery: { retry } }) => [retry.maxDelayMs, retry.maxRetryAfterMs]),
    ),
    announcements,
    failures,
    onArrived,
    onWanted,
    onLeading() {
      logger.info({}, 'CRM outbox: this process delivers now');
    },
    onJump(jumpMs) {
      const jump = `${jumpMs > 0 ? 'ahead' : 'back'} by ${durationText(Math.abs(jumpMs))}`;
      const message = `The clock of the CRM outbox’s server has jumped ${jump}. Nothing in it expires or waits longer by that`;
      logger.warn({ jumpMs }, message);
    },
  });

  function lookSoon(): void {
    if (leading.leader.isLeading()) leading.readSoon();
    else announcer.announceSoon();
  }

  const stopUpkeep = startPostgresUpkeep({
    server,
    table: outbox.table,
    clock,
    deadRetentionMs,
    failures,
    isLeading: () => leading.leader.isLeading(),
  });

  const history = createPostgresHistory({
    run: server.run,
    tables,
    processId,
    keptDelivered: settings.outbox.keepDelivered,
    now: () => clock.now(),
    onReported(serverNow) {
      aheadMs = Math.round(serverNow - steady.now());
      estimate.refresh();
    },
  });

  let accepting: Promise<unknown> = Promise.resolve();
  const acceptNext = async (batch: readonly AcceptedNotification[]): Promise<Accepted> => {
    let acceptances = acceptancesFor(batch, estimate.now, maxPending);
    if (!acceptances.every(({ accepted }) => accepted)) {
      // Some may have been delivered since it was counted.
      await estimate.counts();
      acceptances = acceptancesFor(batch, estimate.now, maxPending);
    }
    const accepted = batch.filter((_, index) => acceptances[index]?.accepted === true);
    if (accepted.length > 0) {
      await appendRows(server.run, tables, accepted);
      estimate.add(
        accepted.length,
        accepted.reduce((bytes, { body }) => bytes + Buffer.byteLength(body), 0),
      );
      for (const known of estimates.values()) known.forget();
      lookSoon();
    }
    return { acceptances, pending: [] };
  };

  const changed = async (work: Promise<number>): Promise<number> => {
    const count = await work;
    forgetCounts();
    return count;
  };
  const redelivered = async (work: Promise<number>): Promise<number> => {
    const count = await changed(work);
    lookSoon();
    return count;
  };

  return {
    outbox: leading.outbox,
    leader: {
      ...leading.leader,
      async resign() {
        await leading.leader.resign();
        forgetCounts();
      },
    },
    clock: steady,

    accept(batch) {
      // One after the other, because the order of the commits is that of the lanes.
      const result = accepting.then(() => acceptNext(batch));
      accepting = result.catch(ignore);
      return result;
    },

    lookSoon,
    async readOn(isPaused) {
      await accepting;
      forgetCounts();
      return leading.readNow(isPaused);
    },
    counts(target) {
      if (target === undefined || (estimates.size === 0 && targets.includes(target))) return estimate.counts();
      return estimates.get(target)?.counts() ?? access.counts(target);
    },
    targets: () => access.targets(),
    history,
    bytesOnDisk: () => 0,
    knownUrl: (url) => ({
      isKnown: knownUrl.isKnown(url),
      remember() {
        void knownUrl.remember(url);
      },
    }),
    listPending: (query) => access.listPending(query),
    countPending: (filter) => access.countPending(filter),
    listDead: (query) => access.listDead(query),
    summariseDead: (filter) => access.summariseDead(filter),
    find: (id, target) => access.find(id, target),
    placeInLane: (target, lane, position) => access.placeInLane(target, lane, position),
    async tryNow(id, target) {
      const count = await access.tryNow(id, target);
      lookSoon();
      return count;
    },
    redeliver: (id, target) => redelivered(access.redeliver(id, target)),
    redeliverAll: (which, onPiece) => redelivered(access.redeliverAll(which, onPiece)),
    discard: (id, target) => changed(access.discard(id, target)),
    discardAll: (which, onPiece) => changed(access.discardAll(which, onPiece)),

    async close() {
      leading.stop();
      announcements.stop();
      await stopUpkeep();
      await server.close();
    },
  };
}

function ignore(): void {
  // Whoever handed the batch over learns of it.
}
