import { callSafely } from '../core/call-safely.js';
import type { CRMNotificationError } from '../core/errors.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';

type FromDelivery<Kind extends DeliveryEvent['kind']> = Omit<Extract<DeliveryEvent, { kind: Kind }>, 'kind'>;

/** What listeners are called with, by the event's name. Nothing in it is personal. */
export interface NotifierEvents {
  /** A notification is in the outbox, in this lane, such as `booking:456`. */
  accepted: { readonly id: string; readonly type: string; readonly lane: string };
  /** A notification is not in the outbox, and will not be delivered. */
  rejected: { readonly type: string | undefined; readonly error: CRMNotificationError };
  /** A hook's route responded; `durationMs` is the hook's overhead, in milliseconds. */
  responded: { readonly type: string; readonly durationMs: number };
  /** The CRM took the notification. */
  delivered: FromDelivery<'delivered'>;
  /** An attempt failed; another follows after `delayMs`. */
  retry: FromDelivery<'retry'>;
  /** There was no connection, so nothing was sent: no attempt. The notification keeps its place. */
  unsent: FromDelivery<'unsent'>;
  /** The CRM will not take the notification, or it expired; it is kept as a dead letter. */
  dead: FromDelivery<'dead'>;
  /**
   * The CRM responded with 401 or 403. With a `delayMs` of 0 delivery pauses, and the notification keeps its place;
   * otherwise the CRM takes other notifications with this token, and this one is tried again.
   */
  refused: FromDelivery<'refused'>;
  /** Delivery to a target waits and probes, because it cannot be reached or refuses the token. */
  paused: FromDelivery<'paused'>;
  /** The target can be reached again, and takes the token. */
  resumed: FromDelivery<'resumed'>;
  /**
   * Somebody has paused delivery to a target (`crm.pause()`), or this process has become the one that delivers, and it is paused.
   * Emitted where it takes effect: in the process that delivers.
   */
  pausedByHand: FromDelivery<'pausedByHand'>;
  /** Somebody has resumed delivery to a target. */
  resumedByHand: FromDelivery<'resumedByHand'>;
  /** The outbox could not be opened, read or written. The operation is retried; failures in a row are one event. */
  outboxFailed: FromDelivery<'outboxFailed'>;
  /** The outbox's file was damaged, deleted or replaced, and is whole again; `message` states what was saved. */
  outboxRepaired: FromDelivery<'outboxRepaired'>;
  /** The post office's thread ended or hung, and another was started. Nothing accepted is lost. */
  threadRestarted: FromDelivery<'threadRestarted'>;
  /** A bug in this package: an attempt threw. Please report it; the notification is tried again. */
  deliveryFailed: FromDelivery<'deliveryFailed'>;
}

export type NotifierEventName = keyof NotifierEvents;
export type NotifierListener<Name extends NotifierEventName> = (event: NotifierEvents[Name]) => void;

/** Calls listeners. If one throws or rejects, the error is caught and `onFailure` counts it. */
export interface EventHub {
  /** Returns a function that removes the listener. */
  on<Name extends NotifierEventName>(name: Name, listener: NotifierListener<Name>): () => void;
  /** Whether the event has a listener; without one nothing need be measured. */
  has(name: NotifierEventName): boolean;
  emit<Name extends NotifierEventName>(name: Name, event: NotifierEvents[Name]): void;
}

/**
 * Not an EventEmitter: there an event named `error` without a listener ends the process, and a listener's exception reaches
 * the caller of `emit`.
 */
export function createEventHub(onFailure: () => void): EventHub {
  const listeners = new Map<NotifierEventName, Set<(event: never) => unknown>>();
  return {
    on(name, listener) {
      const own = listeners.get(name) ?? new Set();
      listeners.set(name, own.add(listener));
      return () => {
        own.delete(listener);
      };
    },
    has: (name) => (listeners.get(name)?.size ?? 0) > 0,
    emit(name, event) {
      const own = listeners.get(name);
      if (own === undefined) return;
      // A copy: listeners may be added and removed meanwhile; those added are called from the next event on.
      for (const listener of [...own]) {
        callSafely(() => (listener as (event: unknown) => unknown)(event), onFailure);
      }
    },
  };
}
