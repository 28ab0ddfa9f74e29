import { errorDataOf } from '../core/errors.js';
import type { DeliveryEvent, OutboxOperation } from '../delivery/delivery-event.js';

/** Reports that an operation on the outbox fails: only once, however often it fails before it works again. */
export interface FailureReporter {
  failed(operation: OutboxOperation, error: unknown): void;
  worked(operation: OutboxOperation): void;
}

export function createFailureReporter(onEvent: (event: DeliveryEvent) => void): FailureReporter {
  const failing = new Set<OutboxOperation>();
  return {
    failed(operation, error) {
      if (failing.has(operation)) return;
      failing.add(operation);
      onEvent({ kind: 'outboxFailed', operation, error: errorDataOf(error) });
    },
    worked(operation) {
      failing.delete(operation);
    },
  };
}
