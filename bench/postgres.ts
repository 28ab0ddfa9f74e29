import { Client } from 'pg';
import { createDatabase, startPostgres, type PostgresServer } from '../demo-app/postgres-server.js';
import { startProgram, type Program } from './program.js';

/** A PostgreSQL of the bench's own that waits for the disk at each commit, with a database of its own for each part. */
export interface BenchPostgres {
  /** An empty database with the app's table. Resolves with its URL. */
  createAppDatabase(): Promise<string>;
  stop(): Promise<void>;
}

export async function startBenchPostgres(): Promise<BenchPostgres> {
  const server: PostgresServer = await startPostgres({
    isDurable: true,
    // It counts what each statement takes; Debian's postgresql has it.
    settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' },
  });
  return {
    async createAppDatabase() {
      const url = await createDatabase(server.url);
      await withClient(url, async (client) => {
        await client.query('CREATE EXTENSION pg_stat_statements');
        await client.query(`CREATE TABLE booking (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id integer NOT NULL, session_id integer NOT NULL,
          status text NOT NULL DEFAULT 'confirmed', created_at timestamptz NOT NULL DEFAULT now())`);
      });
      return url;
    },
    stop: () => server.close(),
  };
}

/** Works with a connection of its own. */
export async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A process that delivers what is in the outbox, and does nothing else. Resolves once it leads. */
export async function startLeader(url: string, collector: Program): Promise<Program> {
  const leader = await startProgram('deliver-pending.mjs', {
    COLLECTOR: `http://127.0.0.1:${collector.port}`,
    POSTGRES: url,
  });
  await leader.call('leading');
  return leader;
}
