export { crmDashboard } from './crm-dashboard.js';
