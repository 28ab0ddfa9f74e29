export { createNotifier } from './create-notifier.js';
export { afterBooking } from './hooks/after-booking.js';
export { afterEvent } from './hooks/after-event.js';
export { afterResponse } from './hooks/after-response.js';
export { defineFormat } from './format/define-format.js';
export { CRMNotificationService } from './client/crm-notification-service.js';
export {
  CRMConfigError,
  CRMConnectionError,
  CRMHttpError,
  CRMNotificationError,
  CRMNotMountedError,
  CRMOutboxError,
  CRMResponseError,
  CRMTimeoutError,
  CRMValidationError,
  isCRMNotificationError,
} from './core/errors.js';
export { messageFirst } from './telemetry/message-first.js';

export type { NotificationRequest } from './client/notification-request.js';
export type { CRMReply } from './client/crm-notification-service.js';
export type { TlsOptions } from './client/connection-options.js';
export type { TokenProvider } from './client/token.js';
export type { NotifierOptions, ServiceOptions, TargetOptions } from './config/settings.js';
export type { CancelTimer, Clock } from './core/clock.js';
export type { CRMErrorCode, Issue } from './core/errors.js';
export type { CircuitState } from './delivery/circuit.js';
export type { BatchOptions } from './delivery/batch-settings.js';
export type { BreakerOptions, RateLimitOptions, RetryOptions } from './delivery/delivery-settings.js';
export type { PauseCause } from './delivery/pause-reports.js';
export type { AuthOptions } from './format/auth-options.js';
export type { OwnFormat } from './format/define-format.js';
export type { SigningOptions } from './format/format-settings.js';
export type {
  BatchFormat,
  BuiltRequest,
  FormatDefinition,
  FormatReply,
  FormatSource,
  NotificationFacts,
  Outcome,
  SentNotification,
} from './format/format-definition.js';
export type { Guarantee } from './hooks/hook-settings.js';
export type {
  BodyRouteHook,
  ErrorBody,
  HookContext,
  HookOptions,
  Mapper,
  RouteHook,
  WrappedHandler,
} from './hooks/hook.js';
export type {
  AdditionalData,
  BookingEvent,
  BookingFields,
  BookingInput,
  BookingUser,
  EventFields,
  EventInput,
  HexId,
  Id,
  JsonValue,
  NotificationFields,
  NotificationInput,
  WireId,
} from './notification/notification.js';
export type { MaxUnsavedOptions } from './notifier/intake-settings.js';
export type { NotifierEventName, NotifierEvents, NotifierListener } from './notifier/notifier-event.js';
export type { DeadLetters, Delivered, PendingNotifications } from './notifier/notification-lists.js';
export type {
  Middleware,
  MiddlewareOptions,
  Notifier,
  PauseOptions,
  RequestNotifier,
  Stats,
  TimeLimit,
} from './notifier/notifier.js';
export type { Notify, NotifyInTransaction, Written } from './notifier/notify.js';
export type { KnownReceipt, Receipt, UnsavedReceipt } from './notifier/receipt.js';
export type {
  DeadFilter,
  DeadGroup,
  DeadLetter,
  DeadQuery,
  DeadReason,
  DeadSummary,
  LanePlace,
  PendingCount,
  PendingEntry,
  PendingFilter,
  PendingNotification,
  PendingQuery,
  StoredNotification,
} from './outbox/outbox.js';
export type {
  ByHand,
  Changes,
  DeliveredFilter,
  DeliveredNotification,
  DeliveredQuery,
  HandPause,
  MinuteCounts,
  OutboxProcess,
  Pause,
  PausesUnknown,
  TargetReport,
  TargetTimeline,
  Timeline,
  TimelineEntry,
  TimelineKind,
  TypeCounts,
  UnknownPauses,
} from './history/history.js';
export type { KeepDeliveredOptions, MaxPendingOptions, Sync } from './outbox/outbox-settings.js';
export type { CloseReport, TargetStats } from './post-office/post-office.js';
export type { RunStatement, Transaction } from './transaction/transaction.js';
export type { LogFields, Logger } from './telemetry/logger.js';
export type { MessageFirstLogger } from './telemetry/message-first.js';
