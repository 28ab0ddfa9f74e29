import { defaultToken, isOnThisMachine, targetSettings, type TargetConfig } from '../client/target-settings.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';

interface OutboxAndTarget {
  readonly outbox: OutboxConfig;
  readonly target: TargetConfig;
}

/**
 * For a test run that names no outbox: the outbox is in memory, so that no later start delivers what tests made, and only a CRM
 * on this machine is notified. Most tests import an app that was not written for them.
 */
export function keepTestsApart({ outbox, target }: OutboxAndTarget, warnings: string[]): OutboxAndTarget {
  const inMemory = { ...outbox, path: ':memory:' };
  if (isOnThisMachine(target.baseUrl)) return { outbox: inMemory, target };
  const baseUrl = targetSettings.baseUrl.default;
  warnings.push(
    `baseUrl ${target.baseUrl} is not notified, because this is a test run that names no outbox; ${baseUrl} is, instead. ` +
      "To notify it from a test, name an outbox: outbox: ':memory:' (CRM_OUTBOX)",
  );
  return { outbox: inMemory, target: { ...target, baseUrl, authToken: defaultToken, dispatcher: undefined } };
}
