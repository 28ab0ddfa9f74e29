import { openLocalStore } from './local-store.js';
import { openPostgresStore } from './postgres-store.js';
import type { StoreOptions } from './store-options.js';
import type { Store } from './store.js';

/** Opens the store that the settings name. */
export function openStore(options: StoreOptions): Promise<Store> {
  const { place } = options.settings;
  if (place.kind === 'postgres') return openPostgresStore({ ...options, outbox: place });
  return openLocalStore({ ...options, file: place.kind === 'file' ? place.file : undefined });
}
