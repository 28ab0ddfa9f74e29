import type { Registry } from 'prom-client';
import type { Notifier } from '../notifier/notifier.js';

/** Under construction. */
export function crmMetrics(crm: Notifier, registry: Registry): Promise<string> {
  return crm.stats().then(() => registry.metrics());
}
