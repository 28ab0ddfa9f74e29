import { isOnThisMachine } from '../client/host-kinds.js';
import { defaultToken, targetSettings } from '../client/target-settings.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';
import { crmTarget } from '../outbox/outbox.js';
import type { NamedTarget } from './resolve-targets.js';

interface OutboxAndTargets {
  readonly outbox: OutboxConfig;
  readonly targets: readonly NamedTarget[];
}

/**
 * For a test run that names no outbox: the outbox is in memory, so that no later start delivers what tests made, and only a CRM
 * on this machine is notified. Most tests import an app that was not written for them.
 */
export function keepTestsApart({ outbox, targets }: OutboxAndTargets, warnings: string[]): OutboxAndTargets {
  return {
    outbox: { ...outbox, path: ':memory:' },
    targets: targets.map((target) => {
      if (isOnThisMachine(target.baseUrl)) return target;
      const isOnly = targets.length === 1 && target.name === crmTarget;
      return atHome(target, isOnly ? 'baseUrl' : `targets.${target.name}.baseUrl`, warnings);
    }),
  };
}

function atHome(target: NamedTarget, option: string, warnings: string[]): NamedTarget {
  const baseUrl = targetSettings.baseUrl.default;
  warnings.push(
    `${option} ${target.baseUrl} is not notified, because this is a test run that names no outbox; ${baseUrl} is, instead. ` +
      "To notify it from a test, name an outbox: outbox: ':memory:' (CRM_OUTBOX)",
  );
  return {
    ...target,
    baseUrl,
    authToken: defaultToken,
    auth: undefined,
    signing: undefined,
    tls: undefined,
    proxy: undefined,
    dispatcher: undefined,
  };
}
