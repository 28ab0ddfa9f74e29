import { createLocalAccess } from '../../src/outbox/local-access.js';
import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { OutboxAccess } from '../../src/outbox/outbox-access.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import { createPostgresAccess } from '../../src/outbox/postgres/postgres-access.js';
import { openPostgresTables } from '../helpers/postgres-tables.js';
import { sampleAt, sampleNotification } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { deadFilterContract, type Died } from './dead-filter-contract.js';
import { pendingListContract, type Waiting } from './pending-list-contract.js';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** An outbox on this machine in which these have died. */
function filled(outbox: Outbox, died: readonly Died[]): OutboxAccess {
  const notifications = died.map(({ target, type, lane }) => sampleNotification({ target, type, lane }));
  const appended = outbox.append(notifications) ?? [];
  outbox.settle(
    appended.map(({ target, id, position }, index) => {
      const { diedAt, reason } = died[index]!;
      return { kind: 'dead', target, id, position, attempts: 1, diedAt, reason };
    }),
  );
  const access = createLocalAccess(outbox, () => sampleAt);
  opened.push(() => access.close());
  return access;
}

/** An outbox on this machine in which these are pending. */
function waitingIn(outbox: Outbox, pending: readonly Waiting[]): OutboxAccess {
  const instants = [...new Set(pending.map(({ acceptedAt }) => acceptedAt))];
  const appended = instants.flatMap((acceptedAt) => {
    const together = pending.filter((waiting) => waiting.acceptedAt === acceptedAt);
    const notifications = together.map(({ target, type, lane }) => sampleNotification({ target, type, lane }));
    return outbox.append(notifications, undefined, acceptedAt) ?? [];
  });
  outbox.settle(
    appended.flatMap(({ target, id, position }, index) => {
      const { attempts, nextAttemptAt } = pending[index]!;
      return attempts === 0 ? [] : [{ kind: 'retry', target, id, position, attempts, nextAttemptAt }];
    }),
  );
  const access = createLocalAccess(outbox, () => sampleAt);
  opened.push(() => access.close());
  return access;
}

describe('an outbox in memory', () => {
  pendingListContract((pending) => Promise.resolve(waitingIn(createMemoryOutbox(), pending)));
  deadFilterContract((died) => Promise.resolve(filled(createMemoryOutbox(), died)));
});

describe('an outbox on disk', () => {
  const directory = useTempDirectory();
  pendingListContract(async (pending) => waitingIn(await openOutboxIn(directory()), pending));
  deadFilterContract(async (died) => filled(await openOutboxIn(directory()), died));
});

describeOnPostgres('an outbox in PostgreSQL', () => {
  const createDatabase = usePostgres();
  pendingListContract(async (pending) => {
    const stored = await openPostgresTables(await createDatabase());
    opened.push(() => stored.close());
    await stored.run(
      `INSERT INTO ${stored.tables.pending} (id, target, type, lane, occurred_at, accepted_at, attempts, due_at, body)
       SELECT gen_random_uuid(), r->>'target', r->>'type', r->>'lane', $2, to_timestamp((r->>'acceptedAt')::float8 / 1000),
         (r->>'attempts')::integer, nullif(to_timestamp((r->>'nextAttemptAt')::float8 / 1000), 'epoch'), '{}'
       FROM unnest($1::jsonb[]) WITH ORDINALITY AS rows (r, number) ORDER BY number`,
      [pending.map((row) => JSON.stringify(row)), sampleAt],
    );
    return createPostgresAccess({ run: stored.run, table: stored.outbox.table });
  });
  deadFilterContract(async (died) => {
    const stored = await openPostgresTables(await createDatabase());
    opened.push(() => stored.close());
    const values = died.map(({ target, type, lane, diedAt, reason: { kind, status, detail } }) =>
      JSON.stringify({ target, type, lane, diedAt, kind, status, detail }),
    );
    await stored.run(
      `INSERT INTO ${stored.tables.dead} (id, target, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status,
         reason_detail, body)
       SELECT gen_random_uuid(), r->>'target', r->>'type', r->>'lane', 0, to_timestamp((r->>'diedAt')::float8 / 1000), 1,
         r->>'kind', (r->>'status')::integer, r->>'detail', '{}'
       FROM unnest($1::jsonb[]) WITH ORDINALITY AS rows (r, number) ORDER BY number`,
      [values],
    );
    return createPostgresAccess({ run: stored.run, table: stored.outbox.table });
  });
});
