import type { Settlement } from '../../../src/outbox/outbox.js';
import { createDeadLetterTable } from '../../../src/outbox/postgres/dead-letters.js';
import type { RunSql } from '../../../src/outbox/postgres/postgres-server.js';
import { createTargetWindow, type TargetWindow } from '../../../src/outbox/postgres/target-window.js';
import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { createDeferred } from '../../helpers/deferred.js';
import { openPostgresTables, type PostgresTables } from '../../helpers/postgres-tables.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';

const processId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';

/** A statement that waits on its way to the server, or whose response does. */
interface Hold {
  readonly name: string;
  readonly where: 'request' | 'response';
  readonly reached: ReturnType<typeof createDeferred<undefined>>;
  readonly goesOn: ReturnType<typeof createDeferred<undefined>>;
}

describeOnPostgres('a dead letter that is redelivered at once, under its old id', () => {
  const createDatabase = usePostgres();
  let stored: PostgresTables;
  let window: TargetWindow;
  let arrived: string[];
  let hold: Hold | undefined;
  beforeEach(async () => {
    stored = await openPostgresTables(await createDatabase());
    arrived = [];
    const run: RunSql = async (text, values, options) => {
      const held = options?.name === hold?.name ? hold : undefined;
      if (held !== undefined) hold = undefined;
      const pass = async (where: Hold['where']): Promise<void> => {
        if (held?.where !== where) return;
        held.reached.resolve(undefined);
        await held.goesOn.promise;
      };
      await pass('request');
      const rows = await stored.run(text, values, options);
      await pass('response');
      return rows;
    };
    window = createTargetWindow({
      target: 'crm',
      run,
      tables: stored.tables,
      processId,
      clock: createOwnedClock(),
      now: Date.now,
      maxWaitMs: 3_600_000,
      pollMs: () => 3_600_000,
      onArrived: (notifications) => arrived.push(...notifications.map(({ id }) => id)),
      onFailure(error) {
        throw error;
      },
      onSuccess: () => undefined,
      onServerRestart: () => undefined,
      onWanted: () => undefined,
    });
    window.start();
  });
  afterEach(async () => {
    window.stop();
    await stored.close();
  });

  const holdNext = (name: string, where: Hold['where']): Hold => {
    hold = { name, where, reached: createDeferred<undefined>(), goesOn: createDeferred<undefined>() };
    return hold;
  };
  const deathOf = (id: string): Settlement => ({
    kind: 'dead',
    target: 'crm',
    id,
    position: 1,
    attempts: 1,
    diedAt: Date.now(),
    reason: { kind: 'rejected', status: 422, detail: 'no' },
  });
  const arrivesOnce = async (): Promise<string> => {
    const notification = sampleNotification();
    await stored.append([notification]);
    await window.readNow();
    expect(arrived).toEqual([notification.id]);
    return notification.id;
  };
  const redeliver = (id: string): Promise<number> =>
    createDeadLetterTable(stored.run, stored.outbox.table).redeliver(id);

  it('is read, though what is being read may show it as it was before its death', async () => {
    const id = await arrivesOnce();
    const { reached, goesOn } = holdNext('crm_new', 'request');
    const reading = window.readNow();
    await reached.promise;
    await window.settle([deathOf(id)]);
    expect(await redeliver(id)).toBe(1);
    goesOn.resolve(undefined);
    await reading;
    expect(arrived).toEqual([id, id]);
  });

  it('is read, though it is back before we hear that its death is stored', async () => {
    const id = await arrivesOnce();
    const { reached, goesOn } = holdNext('crm_settle', 'response');
    const settled = window.settle([deathOf(id)]);
    await reached.promise;
    expect(await redeliver(id)).toBe(1);
    await window.readNow();
    goesOn.resolve(undefined);
    await settled;
    await window.readNow();
    expect(arrived).toEqual([id, id]);
  });
});
