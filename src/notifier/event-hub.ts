import { survive } from '../core/survive.js';
import type { NotifierEventName, NotifierEvents, NotifierListener } from './notifier-event.js';

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
        survive(() => (listener as (event: unknown) => unknown)(event), onFailure);
      }
    },
  };
}
