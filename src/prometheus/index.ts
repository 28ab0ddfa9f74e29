export { crmMetrics } from './crm-metrics.js';

export type { RegisteredMetrics } from './crm-metrics.js';
