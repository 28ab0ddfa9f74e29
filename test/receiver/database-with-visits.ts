import { Client } from 'pg';

/** A database with a table of the app's own, and a connection to look at it. */
export async function createDatabaseWithVisits(
  createDatabase: () => Promise<string>,
): Promise<{ readonly url: string; readonly reader: Client }> {
  const url = await createDatabase();
  const reader = new Client(url);
  await reader.connect();
  await reader.query('CREATE TABLE visits (notification_id text NOT NULL, message text NOT NULL)');
  return { url, reader };
}
