import { countText } from '../core/duration-text.js';
import { noCounts } from '../outbox/outbox.js';
import type { Logger } from '../telemetry/logger.js';
import type { Store } from './store.js';

/** Warns of what waits for targets that are not configured, such as one that was renamed: nobody delivers it. */
export async function warnOfStranded(
  store: Pick<Store, 'targets' | 'counts'>,
  names: readonly string[],
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  for (const target of await store.targets()) {
    const { pending } = names.includes(target) ? noCounts : await store.counts(target);
    if (pending === 0) continue;
    logger.warn(
      { target, pending },
      `CRM outbox: ${countText(pending, 'notification')} for the target ${target} will wait: it is not configured. ` +
        'Configure it under that name to deliver them',
    );
  }
}
