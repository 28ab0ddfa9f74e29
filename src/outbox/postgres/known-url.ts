import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/** The URL at which the CRM has taken a notification, which all processes that share the outbox remember together. */
export interface RememberedUrl {
  readonly isKnown: (url: string) => boolean;
  /** Never rejects: if it fails, it is only not known. */
  readonly remember: (url: string) => Promise<void>;
}

export async function readKnownUrl(run: RunSql, { state }: OutboxTables): Promise<RememberedUrl> {
  const [row] = await run(`SELECT known_url FROM ${state}`);
  let known: unknown = row?.['known_url'];
  return {
    isKnown: (url) => known === url,
    async remember(url) {
      known = url;
      await run(`UPDATE ${state} SET known_url = $1`, [url]).catch(() => undefined);
    },
  };
}
