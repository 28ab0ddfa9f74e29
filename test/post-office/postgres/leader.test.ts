import { randomUUID } from 'node:crypto';
import { createSteadyClock } from '../../../src/core/steady-clock.js';
import { createFailureReporter } from '../../../src/post-office/opening.js';
import { createPostgresLeader } from '../../../src/post-office/postgres-leader.js';
import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { openPostgresTables } from '../../helpers/postgres-tables.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';

describeOnPostgres('a process that leads an outbox in PostgreSQL', () => {
  const createDatabase = usePostgres();

  it('reads on for the targets alone that are not paused, so that nothing waits for a window that stays full', async () => {
    const stored = await openPostgresTables(await createDatabase());
    const { leader, readNow, stop } = createPostgresLeader({
      ...{ server: stored.server, tables: stored.tables, clock: createOwnedClock(), processId: randomUUID() },
      ...{ maxWaitMs: 60_000, targets: ['crm', 'sales'], maxRows: 2 },
      steady: createSteadyClock(createOwnedClock(), { from: 0, to: 0 }),
      announcements: { start: () => undefined, stop: () => undefined, isHeard: false },
      failures: createFailureReporter(() => undefined),
      onArrived: () => undefined,
      onWanted: () => undefined,
      onJump: () => undefined,
      onLeading: () => undefined,
    });
    await stored.append(sampleNotifications(8));
    await leader.tryToLead();
    expect(await readNow(() => false)).toBe(true);
    expect(await readNow(() => false)).toBe(true);
    expect(await readNow((target) => target === 'crm')).toBe(false);
    stop();
    await stored.close();
  });

  it('starts over with what it has read, once its lease has passed, though nobody else has led since', async () => {
    const stored = await openPostgresTables(await createDatabase());
    const clock = createOwnedClock();
    const { leader, outbox, stop } = createPostgresLeader({
      ...{ server: stored.server, tables: stored.tables, clock, processId: randomUUID(), maxWaitMs: 60_000 },
      targets: ['crm'],
      steady: createSteadyClock(clock, { from: 0, to: 0 }),
      announcements: { start: () => undefined, stop: () => undefined, isHeard: false },
      failures: createFailureReporter(() => undefined),
      onArrived: () => undefined,
      onWanted: () => undefined,
      onJump: () => undefined,
      onLeading: () => undefined,
    });
    expect(await leader.tryToLead()).toBe(true);
    const { generation } = outbox;
    await clock.advance(900);
    expect(await leader.tryToLead()).toBe(true);
    expect(outbox.generation).toBe(generation);
    await clock.advance(3_100);
    expect(leader.isLeading()).toBe(false);
    expect(await leader.tryToLead()).toBe(true);
    expect(outbox.generation).not.toBe(generation);
    stop();
    await stored.close();
  });
});
