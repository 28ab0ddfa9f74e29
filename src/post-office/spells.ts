import { troubleOf } from '../core/trouble.js';
import type { DeliveryEvent, OutboxOperation } from '../delivery/delivery-event.js';

/** Tells of trouble with the outbox once for each spell of it: what fails is tried again and again. */
export interface Spells {
  /** Trouble with this operation; told unless it had trouble the last time too. */
  begin(operation: OutboxOperation, error: unknown): void;
  /** It works. */
  end(operation: OutboxOperation): void;
}

export function createSpells(onEvent: (event: DeliveryEvent) => void): Spells {
  const lasting = new Set<OutboxOperation>();
  return {
    begin(operation, error) {
      if (lasting.has(operation)) return;
      lasting.add(operation);
      onEvent({ kind: 'outboxFailed', operation, error: troubleOf(error) });
    },
    end(operation) {
      lasting.delete(operation);
    },
  };
}
