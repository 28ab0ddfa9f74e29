import type { PgOptions } from './pg-driver.js';
import type { PostgresConnection } from './postgres-outbox.js';

const tlsParameters = ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];

/** The connection as pg takes it. To pg, what a connection string says or leaves out replaces options; here `password` and `ssl` win. */
export function connectionOptions({ connectionString, password, ssl, ...parts }: PostgresConnection): PgOptions {
  if (connectionString === undefined) return definedOnly({ ...parts, password, ssl });
  if (password === undefined && ssl === undefined) return { connectionString };
  const [place = '', query = ''] = splitOnce(connectionString, '?');
  const parameters = new URLSearchParams(query);
  if (ssl !== undefined) for (const name of tlsParameters) parameters.delete(name);
  if (password !== undefined) parameters.set('password', password);
  return definedOnly({ connectionString: `${place}?${parameters.toString()}`, ssl });
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function definedOnly(options: PgOptions): PgOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
