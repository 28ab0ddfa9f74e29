import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../demo-app/postgres-server.js';
import { createSeededRandom } from '../helpers/seeded-random.js';
import { startUnreliableNetwork } from '../helpers/unreliable-network.js';
import { startAuditCrm } from './crm.js';
import { openAuditDatabase } from './database.js';
import { startApp, type Machine } from './machine.js';
import { liveMachines, type Stage } from './stage.js';

/** What an audit is played on, and how it is cleared away. */
export interface StageSet {
  readonly stage: Stage;
  /** Where the apps' log lines lie, and in the end a line for each arrival at the CRM. */
  readonly directory: string;
  /** What no app caught: unhandled rejections, exceptions. */
  uncaught(): readonly string[];
  /** Ends everything; leaves the directory if that is wanted. */
  close(keepsFiles: boolean): Promise<void>;
}

const machineCount = 3;

/** Starts a PostgreSQL, a CRM and the machines, each with a network of its own to the server. */
export async function setStage(seed: number): Promise<StageSet> {
  const directory = mkdtempSync(join(tmpdir(), 'machines-audit-'));
  const files = { errors: join(directory, 'errors'), log: join(directory, 'log') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  const random = createSeededRandom(seed);
  const crm = await startAuditCrm(createSeededRandom(seed + 1));
  const server = await startPostgres();
  const url = await server.createDatabase();
  const database = await openAuditDatabase(url);
  const machines: Machine[] = [];
  for (let place = 0; place < machineCount; place += 1) {
    machines.push({ place, network: await startUnreliableNetwork(server.port), app: undefined });
  }
  let startCount = 0;
  const stage: Stage = {
    ...{ random, server, database, crm, machines, takeovers: [], missedTakeovers: 0, thaws: 0, postsAfterThaw: 0 },
    ownEnds: 0,
    async restart(machine) {
      startCount += 1;
      const app = await startApp(`machine-${String(machine.place)}-${String(startCount)}`, {
        DATABASE_URL: machine.network.through(url),
        CRM_URL: `http://127.0.0.1:${String(crm.port)}`,
        ERRORS: files.errors,
        LOG: files.log,
      });
      machine.app = app;
      void app.ended.then(() => {
        if (!app.isDoomed) stage.ownEnds += 1;
      });
    },
  };

  return {
    stage,
    directory,
    uncaught: () =>
      readFileSync(files.errors, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    async close(keepsFiles) {
      for (const { app } of liveMachines(stage)) {
        app.kill('SIGKILL');
        await app.ended;
      }
      await Promise.all(machines.map(({ network }) => network.close()));
      await database.close();
      await server.close();
      await crm.close();
      writeFileSync(
        join(directory, 'arrivals'),
        crm.arrivals.map((arrival) => `${JSON.stringify(arrival)}\n`).join(''),
      );
      if (!keepsFiles) rmSync(directory, { recursive: true, force: true });
    },
  };
}
