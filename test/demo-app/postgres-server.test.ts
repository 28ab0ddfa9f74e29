import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { runStatement, type PostgresServer } from '../../demo-app/postgres-server.js';
import { findPostgres } from '../../demo-app/runtime/find-postgres.js';
import { usePrograms } from '../helpers/child-program.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { describeOnOwnPostgres, useOwnPostgres } from '../helpers/use-postgres.js';
import { eventually } from './eventually.js';

describeOnOwnPostgres('a PostgreSQL of our own', () => {
  const start = useOwnPostgres();
  const startProgram = usePrograms();

  it.each([
    ['was killed', (server) => server.kill()],
    ['was stopped at once', (server) => server.stop('immediate')],
    ['was stopped', (server) => server.stop('fast')],
  ] satisfies [string, (server: PostgresServer) => Promise<void>][])(
    'has what was committed, at the same address, when it %s at work and starts again',
    async (_how, end) => {
      const server = await start();
      const url = await server.createDatabase();
      await runStatement(url, 'CREATE TABLE booking AS SELECT 7 AS id');
      const work = expect(runStatement(url, 'DO $$ BEGIN LOOP END LOOP; END $$')).rejects.toThrow();
      const active = `SELECT FROM pg_stat_activity WHERE query LIKE 'DO $$%' AND state = 'active'`;
      await eventually('it works', async () => (await query(url, active)).length === 1 || undefined);
      await end(server);
      await work;
      await expect(runStatement(url, 'SELECT')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await server.start();
      expect(await query(url, 'SELECT id FROM booking')).toEqual([{ id: 7 }]);
    },
  );

  it.each([
    [true, 'on'],
    [false, 'off'],
  ])('waits for the disk where it is durable: %s', async (isDurable, fsync) => {
    const { url } = await start({ isDurable, settings: { max_connections: '17' } });
    expect(await query(url, 'SHOW fsync')).toEqual([{ fsync }]);
    expect(await query(url, 'SHOW max_connections')).toEqual([{ max_connections: '17' }]);
  });

  it('answers nothing while it is frozen, and then what it was asked', async () => {
    const [server, other] = await Promise.all([start(), start()]);
    const client = new Client(server.url);
    await client.connect();
    try {
      server.freeze();
      let isAnswered = false;
      const answers = [client.query('SELECT 1'), runStatement(server.url, 'SELECT 1')];
      for (const answer of answers) void answer.then(() => (isAnswered = true));
      // Meanwhile another server answers.
      for (let round = 0; round < 20; round += 1) await runStatement(other.url, 'SELECT 1');
      expect(isAnswered).toBe(false);
      server.thaw();
      await Promise.all(answers);
    } finally {
      await client.end();
    }
  });

  it('refuses settings that the server does not take, with its own words', async () => {
    await expect(start({ settings: { max_connections: 'many' } })).rejects.toThrow(
      /did not start.*invalid value for parameter "max_connections": "many"/s,
    );
  });

  it('is gone with its data, also when the program that started it is killed', async () => {
    const program = startProgram('postgres-until-killed');
    const url = (await program.line('url ')).slice('url '.length);
    const directory = (await program.line('directory ')).slice('directory '.length);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    program.kill('SIGKILL');
    await eventually('the directory is gone', () => !existsSync(directory) || undefined);
    await expect(runStatement(url, 'SELECT')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('where PostgreSQL is looked for', () => {
  const directory = useTempDirectory();

  it('is PG_BIN, which must have one', () => {
    expect(() => findPostgres({ PG_BIN: directory() })).toThrow(/^PG_BIN is .*, where initdb or postgres is missing/);
    for (const name of ['initdb', 'postgres']) writeFileSync(join(directory(), name), '');
    expect(findPostgres({ PG_BIN: directory() })).toBe(directory());
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
