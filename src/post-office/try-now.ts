import { CRMOutboxError } from '../core/errors.js';
import { tryUnlessPaused, type TryResult } from '../history/try-unless-paused.js';
import type { OneLetter } from './post-office.js';
import type { StoreInUse } from './use-store.js';

/** Makes a notification due at once where nobody has paused its target, and delivery here try it. */
export async function tryNow({ store, leading, pauses }: StoreInUse, which: OneLetter): Promise<TryResult> {
  await pauses?.refresh();
  const unknown = pauses?.unknown ?? null;
  // It would wait, and nobody would know why.
  if (unknown !== null) throw new CRMOutboxError(unknown.reason);
  const result = await tryUnlessPaused(store, which, (target) => pauses?.of(target) ?? null);
  for (const target of result.tried) leading.deliveries?.tryNow(which.id, target);
  return result;
}
