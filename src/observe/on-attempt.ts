import type { AboutAttempt } from '../delivery/delivery-event.js';
import type { Notifier } from '../notifier/notifier.js';

/** An attempt that has ended, or one that was never sent. */
export interface EndedAttempt extends AboutAttempt {
  readonly result: 'delivered' | 'retry' | 'unsent' | 'refused' | 'dead';
  readonly status: number | undefined;
  /** A status, a code or a reason's kind; undefined when the CRM took it. */
  readonly errorType: string | undefined;
}

/** Calls `listener` for every event about an attempt. Each of the returned functions stops that for one kind of event. */
export function onAttempt(
  crm: Pick<Notifier, 'on'>,
  listener: (attempt: EndedAttempt) => void,
): readonly (() => void)[] {
  return [
    crm.on('delivered', (attempt) => {
      listener({ result: 'delivered', ...attempt, errorType: undefined });
    }),
    crm.on('retry', (attempt) => {
      const { status, code } = attempt;
      listener({ result: 'retry', ...attempt, errorType: String(status ?? code ?? 'unknown') });
    }),
    crm.on('unsent', (attempt) => {
      listener({ result: 'unsent', ...attempt, status: undefined, errorType: attempt.code });
    }),
    crm.on('refused', (attempt) => {
      listener({ result: 'refused', ...attempt, errorType: String(attempt.status) });
    }),
    crm.on('dead', (attempt) => {
      const { status, kind } = attempt.reason;
      listener({ result: 'dead', ...attempt, status, errorType: String(status ?? kind) });
    }),
  ];
}
