import { callSafely } from '../core/call-safely.js';
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

/** Tells listeners what happens. A listener that throws or rejects is survived and counted by `onFailure`. */
export interface EventHub {
  /** Answers how to stop listening. */
  on<Name extends NotifierEventName>(name: Name, listener: NotifierListener<Name>): () => void;
  /** Whether somebody listens: what nobody hears need not be measured. */
  has(name: NotifierEventName): boolean;
  emit<Name extends NotifierEventName>(name: Name, event: NotifierEvents[Name]): void;
}

/**
 * Not an EventEmitter: there an event named `error` that nobody listens to ends the process, and a listener's exception
 * reaches whoever emits.
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
      // A copy: a listener may stop and start listening meanwhile, and those who come then are told of the next.
      for (const listener of [...own]) {
        callSafely(() => (listener as (event: unknown) => unknown)(event), onFailure);
      }
    },
  };
}
