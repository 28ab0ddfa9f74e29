import { join } from 'node:path';
import { keepAll, type History, type HistoryReport } from '../../../src/history/history.js';
import { createPostgresHistory } from '../../../src/history/postgres-history.js';
import { createSqliteHistory } from '../../../src/history/sqlite-history.js';
import type { AcceptedNotification, DeadReason } from '../../../src/outbox/outbox.js';
import { placeOf, postgresOutbox } from '../../../src/outbox/postgres/postgres-outbox.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { openPostgresTables, type PostgresTables } from '../../helpers/postgres-tables.js';
import { preparedNotifications, prepareOutbox } from '../../helpers/prepared-outbox.js';
import { sampleAt } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { usePostgres } from '../../helpers/use-postgres.js';
import { ownReport, reportOf } from '../../history/history-contract.js';
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
  /** Reports to its history what is given, as a process that delivers does. */
  report(given: Partial<HistoryReport>): Promise<void>;
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

/** What a process reports that delivers. */
export const leading = { ...ownReport, leadsSince: Date.now() };
const leaderId = '01a20bb3-6f81-71fc-be53-33f9f0e71da2';
const rejected: DeadReason = { kind: 'rejected', status: 422, detail: 'no' };

/** Gives each test of a file an outbox directory of its own, which does not exist at first, and runs commands on it. */
export function useOutboxCli(): OutboxCli {
  const directory = useTempDirectory();
  const place = (): string => join(directory(), 'outbox');
  let history: History | undefined;
  afterEach(async () => {
    await history?.close();
    history = undefined;
  });
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
      report(given) {
        const outboxFile = join(place(), 'outbox.db');
        const now = (): number => Date.now();
        history ??= createSqliteHistory({ open: loadSqlite(), outboxFile, now, keptDelivered: keepAll });
        return history.report(reportOf({ process: leading, ...given }));
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
  const inTables = async (work: (stored: PostgresTables) => Promise<void>): Promise<void> => {
    const stored = await openPostgresTables(url);
    await work(stored);
    await stored.close();
  };
  const fill: TestOutbox['fill'] = (notifications, dead = [], reason = rejected) =>
    inTables(async (stored) => {
      await stored.append(notifications);
      await stored.die(dead, reason);
    });
  const report: TestOutbox['report'] = (given) =>
    inTables(async ({ run, tables }) => {
      const about = { processId: leaderId, keptDelivered: keepAll, now: () => Date.now(), onReported: () => undefined };
      await createPostgresHistory({ run, tables, ...about }).report(reportOf({ process: leading, ...given }));
      const until = "clock_timestamp() + interval '1 minute'";
      await run(`UPDATE ${tables.state} SET leader = $1, leads_until = ${until}`, [leaderId]);
    });
  return {
    ...createCli(directory, {
      place: () => url,
      name: () => placeOf(postgresOutbox({ connectionString: url })),
      fill,
      report,
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
