import type { Clock } from '../core/clock.js';
import { CRMNotificationError, CRMValidationError } from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import type { Format } from '../format/format.js';
import type { Notification, NotificationDraft } from '../notification/notification.js';
import type { AcceptedNotification } from '../outbox/outbox.js';

/** Starts the span of a notification's acceptance, in the trace of its request. Returns undefined when that fails. */
export type StartSpan = (type: string, id: string, inboundTraceparent: string | undefined) => SendSpan | undefined;

export interface SendSpan {
  /** Sent to the CRM, so that its spans join the trace; undefined when there is no trace. */
  readonly traceparent: string | undefined;
  end(errorCode?: string): void;
}

/** A notification that is ready for the outbox. */
export interface PreparedNotification extends Pick<Notification, 'id' | 'type' | 'lane'> {
  /** One for each of its targets, in their order; one at least. */
  readonly entries: readonly AcceptedNotification[];
  readonly span: SendSpan | undefined;
}

export interface PreparationContext {
  readonly traceparent?: string | undefined;
  /** When it occurred, in milliseconds since 1970. @default now */
  readonly occurredAt?: number | undefined;
}

/** Builds, checks and serialises a notification, and starts its span. Throws only `CRMNotificationError`. */
export type PrepareNotification = (build: () => NotificationDraft, context: PreparationContext) => PreparedNotification;

/** A target, and how it is written to. */
export interface WrittenTarget {
  readonly name: string;
  readonly format: Pick<Format, 'build'>;
}

export interface PreparationOptions {
  readonly clock: Clock;
  /** One at least. */
  readonly targets: readonly WrittenTarget[];
  readonly maxBodyBytes: number;
  /** Undefined when nothing is traced. */
  readonly startSpan: StartSpan | undefined;
}

export function createPreparation({
  clock,
  targets,
  maxBodyBytes,
  startSpan,
}: PreparationOptions): PrepareNotification {
  return (build, { traceparent: inbound, occurredAt = clock.now() }) => {
    let span: SendSpan | undefined;
    try {
      const draft = build();
      const chosen = draft.targets === undefined ? targets : chosenFrom(targets, draft.targets);
      const id = newNotificationId();
      span = startSpan?.(draft.notificationType, id, inbound);
      const traceparent = span === undefined ? inbound : span.traceparent;
      const { notificationType: type, lane } = draft;
      const entries = entriesOf(chosen, draft, { id, occurredAt, traceparent, maxBodyBytes });
      return { id, type, lane, entries, span };
    } catch (error) {
      const problem = asNotificationError(error);
      span?.end(problem.code);
      throw problem;
    }
  };
}

/** Targets with the same format have the same body. */
function entriesOf(
  targets: readonly WrittenTarget[],
  draft: NotificationDraft,
  context: Parameters<Format['build']>[1],
): readonly AcceptedNotification[] {
  let last: { readonly format: WrittenTarget['format']; readonly notification: Notification } | undefined;
  return targets.map(({ name, format }) => {
    if (last?.format !== format) last = { format, notification: format.build(draft, context) };
    const { id, type, lane, occurredAt, body, traceparent } = last.notification;
    return { target: name, id, type, lane, occurredAt, body, traceparent };
  });
}

function chosenFrom(targets: readonly WrittenTarget[], names: readonly string[]): readonly WrittenTarget[] {
  const unknown = names.find((name) => targets.every((target) => target.name !== name));
  if (unknown === undefined) return targets.filter(({ name }) => names.includes(name));
  const known = targets.map(({ name }) => name).join(', ');
  const message = `names the target \`${unknown.slice(0, 64)}\`, which is not configured; there ${targets.length === 1 ? 'is' : 'are'} ${known}`;
  throw new CRMValidationError([{ path: 'targets', message }]);
}

/** An error that is not this package's may contain anything, so none of it is passed on. */
function asNotificationError(error: unknown): CRMNotificationError {
  if (error instanceof CRMNotificationError) return error;
  return new CRMValidationError([{ path: '', message: 'cannot be read or serialised' }]);
}
