import { CRMOutboxError } from '../core/errors.js';
import { createSteadyClock } from '../core/steady-clock.js';
import { createAnnouncer } from '../outbox/postgres/announcer.js';
import { appendRows } from '../outbox/postgres/append-rows.js';
import type { PostgresServer } from '../outbox/postgres/postgres-server.js';
import type { OutboxTables } from '../outbox/postgres/schema.js';
import { createMemoryOutbox } from '../outbox/memory-outbox.js';
import type { StoreOptions } from './store-options.js';
import { taken } from './post-office.js';
import type { Store } from './store.js';

/** The store of a process whose role may only INSERT: it accepts, and others deliver. */
export function createAcceptingStore(
  { clock }: Pick<StoreOptions, 'clock'>,
  server: PostgresServer,
  tables: OutboxTables,
): Store {
  const refuse = (): Promise<never> => {
    const message = 'this role may only INSERT into the outbox; see it with one that has all rights (docs/postgres.md)';
    return Promise.reject(new CRMOutboxError(message, { retryable: false }));
  };
  const announcer = createAnnouncer({ run: server.run, tables, clock });
  return {
    outbox: createMemoryOutbox(),
    leader: {
      tryToLead: () => Promise.resolve(false),
      isLeading: () => false,
      resign: () => Promise.resolve(),
    },
    clock: createSteadyClock(clock, { from: 0, to: 0 }),
    async accept(batch) {
      await appendRows(server.run, tables, batch);
      announcer.announceSoon();
      return { acceptances: batch.map(() => taken), pending: [] };
    },
    lookSoon() {
      announcer.announceSoon();
    },
    readOn: () => Promise.resolve(false),
    counts: refuse,
    // Those that deliver look after it.
    targets: () => Promise.resolve([]),
    history: undefined,
    bytesOnDisk: () => 0,
    knownUrl: () => ({ isKnown: false, remember: () => undefined }),
    listPending: refuse,
    countPending: refuse,
    listDead: refuse,
    summariseDead: refuse,
    find: refuse,
    placeInLane: refuse,
    tryNow: refuse,
    redeliver: refuse,
    redeliverAll: refuse,
    discard: refuse,
    discardAll: refuse,
    close: () => server.close(),
  };
}
