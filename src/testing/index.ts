export { startFakeCrm } from './fake-crm.js';
export { createOwnedClock } from './owned-clock.js';

export type { CrmAnswer, CrmFault, CrmFaultName, CrmStep, DelayedAnswer, StatusAnswer } from './crm-step.js';
export type { CrmBehaviour, FakeCrm, FakeCrmOptions } from './fake-crm.js';
export type { OwnedClock } from './owned-clock.js';
export type { ReceivedRequest } from './received-request.js';
export type { SentNotification } from './sent-notification.js';
export type { SentNotifications, WaitOptions } from './sent-notifications.js';
export type { SentFields, SentQuery } from './sent-query.js';
export type { WaitLimit } from './wait-limit.js';
