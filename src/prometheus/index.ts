export { crmMetrics } from './crm-metrics.js';
