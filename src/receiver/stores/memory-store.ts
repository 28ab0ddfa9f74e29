import { CRMConfigError } from '../../core/errors.js';
import type { ReceiverStore } from '../receiver-store.js';

export interface MemoryStoreOptions {
  /**
   * How many ids are remembered; beyond that the oldest are forgotten.
   * @default 100_000
   */
  readonly maxCount?: number | undefined;
}

/**
 * Remembers ids in this process only: after a restart, or in another process, a repeated notification is handled again. About
 * 100 bytes an id. Throws `CRMConfigError` for an invalid option.
 */
export function memoryStore({ maxCount = 100_000 }: MemoryStoreOptions = {}): ReceiverStore {
  if (!Number.isSafeInteger(maxCount) || maxCount < 1) {
    throw new CRMConfigError([{ path: 'store.maxCount', message: 'must be a whole number from 1 on' }]);
  }
  const ids = new Set<string>();
  return {
    async handleOnce(id, handle) {
      if (ids.has(id)) return 'duplicate';
      await handle(undefined);
      ids.add(id);
      const [oldest = id] = ids;
      if (ids.size > maxCount) ids.delete(oldest);
      return 'handled';
    },
  };
}
