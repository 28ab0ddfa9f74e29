import { join } from 'node:path';
import type { AcceptedNotification, DeadReason } from '../../../src/outbox/outbox.js';
import { placeOf, postgresOutbox } from '../../../src/outbox/postgres/postgres-outbox.js';
import { openPostgresTables } from '../../helpers/postgres-tables.js';
import { preparedNotifications, prepareOutbox } from '../../helpers/prepared-outbox.js';
import { sampleAt } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { usePostgres } from '../../helpers/use-postgres.js';
import { objectsIn, type CliEnd } from '../cli-program.js';
import { runInProcess, type InProcessOptions } from '../in-process.js';

type End = Omit<CliEnd, 'signal'>;

/** The outbox that a test runs commands on. */
interface TestOutbox {
  /** As `--outbox` takes it. */
  place(): string;
  /** As the commands show it. */
  name(): string;
  /** Accepts notifications; those with an id of `dead` die. */
  fill(notifications: readonly AcceptedNotification[], dead?: readonly string[], reason?: DeadReason): Promise<void>;
}

export interface OutboxCli extends TestOutbox {
  /** A temporary directory of the test. */
  directory(): string;
  /** Fills it, the dead ones first, and returns all of them. */
  prepare(options: { readonly count: number; readonly deadCount: number }): Promise<readonly AcceptedNotification[]>;
  /** Runs `crm-notifier outbox …` on that outbox, in this process. */
  run(args: readonly string[], options?: InProcessOptions): Promise<End>;
  /** Runs it with `--json`, expects success and returns the objects it printed. */
  objects(...args: string[]): Promise<Record<string, unknown>[]>;
  /** The same, but returns the ids only. */
  idsFrom(...args: string[]): Promise<unknown[]>;
}

const rejected: DeadReason = { kind: 'rejected', status: 422, detail: 'no' };

/** Gives each test of a file an outbox directory of its own, which does not exist at first, and runs commands on it. */
export function useOutboxCli(): OutboxCli {
  const directory = useTempDirectory();
  const place = (): string => join(directory(), 'outbox');
  return {
    ...createCli(directory, {
      place,
      name: place,
      async fill(notifications, dead = [], reason = rejected) {
        const outbox = await openOutboxIn(place());
        const appended = outbox.append(notifications) ?? [];
        for (const { target, id, position } of appended.filter(({ id }) => dead.includes(id)))
          outbox.settle([{ kind: 'dead', target, id, position, attempts: 1, diedAt: sampleAt, reason }]);
        outbox.close();
      },
    }),
    async prepare(options) {
      return (await prepareOutbox(place(), options)).notifications;
    },
  };
}

/** Gives each test of a file a database of its own with the tables of an outbox, and runs commands on it. */
export function usePostgresCli(): OutboxCli {
  const directory = useTempDirectory();
  const createDatabase = usePostgres();
  let url = '';
  beforeEach(async () => {
    url = await createDatabase();
    await (await openPostgresTables(url)).close();
  });
  const fill: TestOutbox['fill'] = async (notifications, dead = [], reason = rejected) => {
    const stored = await openPostgresTables(url);
    await stored.append(notifications);
    await stored.die(dead, reason);
    await stored.close();
  };
  return {
    ...createCli(directory, {
      place: () => url,
      name: () => placeOf(postgresOutbox({ connectionString: url })),
      fill,
    }),
    async prepare({ count, deadCount }) {
      const notifications = preparedNotifications(count + deadCount);
      const dead = notifications.slice(0, deadCount).map(({ id }) => id);
      await fill(notifications, dead);
      return notifications;
    },
  };
}

function createCli(directory: () => string, outbox: TestOutbox): Omit<OutboxCli, 'prepare'> {
  const run: OutboxCli['run'] = (args, options = {}) =>
    runInProcess(['outbox', ...args, '--outbox', outbox.place()], options);
  const objects: OutboxCli['objects'] = async (...args) => {
    const end = await run([...args, '--json']);
    expect(end.code).toBe(0);
    return objectsIn({ ...end, signal: null });
  };
  const idsFrom: OutboxCli['idsFrom'] = async (...args) => (await objects(...args)).map(({ id }) => id);
  return { ...outbox, directory, run, objects, idsFrom };
}

export const unknownId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';
