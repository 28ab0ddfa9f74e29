import type { CRMNotificationError } from '../core/errors.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';

type FromDelivery<Kind extends DeliveryEvent['kind']> = Omit<Extract<DeliveryEvent, { kind: Kind }>, 'kind'>;

/** What a listener is given, by the event's name. Nothing in it is personal. */
export interface NotifierEvents {
  /** It is in the outbox, in this lane: `booking:456`, say. */
  accepted: { readonly id: string; readonly type: string; readonly lane: string };
  /** It is not, and will not be delivered. */
  rejected: { readonly type: string | undefined; readonly error: CRMNotificationError };
  /** A hook's route has responded; `durationMs` is what the hook added to that, in milliseconds. */
  responded: { readonly type: string; readonly durationMs: number };
  /** The CRM has it. */
  delivered: FromDelivery<'delivered'>;
  /** An attempt failed; another follows after `delayMs`. */
  retry: FromDelivery<'retry'>;
  /** There was no connection, so nothing was sent: no attempt. The notification keeps its place. */
  unsent: FromDelivery<'unsent'>;
  /** The CRM will not have it; it is kept as a dead letter. */
  dead: FromDelivery<'dead'>;
  /**
   * An attempt was answered with 401 or 403. With a `delayMs` of 0 delivery is paused, and the notification keeps its place;
   * otherwise the CRM takes others with this token, and this one is tried again.
   */
  refused: FromDelivery<'refused'>;
  /** Delivery waits and probes, because the CRM cannot be reached or refuses the token. */
  paused: FromDelivery<'paused'>;
  /** The CRM is back. */
  resumed: Readonly<Record<string, never>>;
  /** The outbox could not be opened, read or written. It is tried again; one event for each spell of failures. */
  outboxFailed: FromDelivery<'outboxFailed'>;
  /** The outbox's file was damaged, deleted or replaced, and is whole again; `message` says what was saved. */
  outboxRepaired: FromDelivery<'outboxRepaired'>;
  /** The post office's thread ended or hung, and another was started. Nothing accepted is lost. */
  threadRestarted: FromDelivery<'threadRestarted'>;
  /** A mistake of this package: an attempt threw. Please report it; the notification is tried again. */
  deliveryFailed: FromDelivery<'deliveryFailed'>;
}

export type NotifierEventName = keyof NotifierEvents;
export type NotifierListener<Name extends NotifierEventName> = (event: NotifierEvents[Name]) => void;
