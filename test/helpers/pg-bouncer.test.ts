import { Client } from 'pg';
import { describeOnPgBouncer, usePgBouncer } from './pg-bouncer.js';
import { usePostgres } from './use-postgres.js';

describeOnPgBouncer('the PgBouncer of the tests', () => {
  const createDatabase = usePostgres();
  const startPgBouncer = usePgBouncer();

  it('gives a connection of the server to one client for a transaction, then to the next', async () => {
    const url = await startPgBouncer(await createDatabase());
    const [one, other] = [new Client(url), new Client(url)];
    try {
      await Promise.all([one.connect(), other.connect()]);
      const serverOf = async (client: Client): Promise<number> =>
        (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;
      const shared = await serverOf(one);
      expect(await serverOf(other)).toBe(shared);
      await one.query('BEGIN');
      expect(await serverOf(one)).toBe(shared);
      expect(await serverOf(other)).not.toBe(shared);
      await one.query('COMMIT');
    } finally {
      await Promise.all([one.end(), other.end()]);
    }
  });
});
