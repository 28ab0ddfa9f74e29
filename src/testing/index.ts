export { startFakeCrm } from './fake-crm.js';
export { createOwnedClock } from './owned-clock.js';

export type { WaitLimit, WaitOptions } from './checks.js';
export type { CrmResponder, CrmFault, CrmFaultName, CrmStep, DelayedResponse, StatusResponse } from './crm-step.js';
export type { CrmBehaviour } from './crm-server.js';
export type { FakeCrm, FakeCrmOptions } from './fake-crm.js';
export type { OwnedClock } from './owned-clock.js';
export type { ReceivedRequest, SentNotification } from './received-request.js';
export type { SentFields, SentNotifications, SentQuery } from './sent-notifications.js';
