import { Client } from 'pg';
import { describeOnPostgres, usePostgres } from './use-postgres.js';

describeOnPostgres('the PostgreSQL of the tests', () => {
  const createDatabase = usePostgres();
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
  });

  it('gives each test an empty database of its own', async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()].map(connect));
    await one!.query('CREATE TABLE booking (id int)');
    expect(await tablesOf(one!)).toEqual(['booking']);
    expect(await tablesOf(other!)).toEqual([]);
  });

  async function connect(url: Promise<string>): Promise<Client> {
    const client = new Client({ connectionString: await url });
    await client.connect();
    clients.push(client);
    return client;
  }
});

async function tablesOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  return rows.map(({ name }) => name);
}
