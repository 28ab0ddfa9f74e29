export { crmDashboard } from './crm-dashboard.js';

export type { DashboardOptions } from './dashboard-options.js';
