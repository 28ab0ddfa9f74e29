import { countText } from '../../core/duration-text.js';
import { acceptedAtOf } from '../../core/ids.js';

export interface CountedAttempts {
  readonly id: string;
  readonly attempts: number;
  /** The instant its age is counted from: its acceptance, or its redelivery. */
  readonly acceptedAt?: number;
}

/** The clocks of the app and of the outbox may differ by that much. */
const toleratedMs = 1_000;

/** Whether it is as it was accepted first. If not, it was redelivered, or a clock has jumped. */
export function isAsAccepted({ id, acceptedAt = Infinity }: Omit<CountedAttempts, 'attempts'>): boolean {
  return acceptedAt <= (acceptedAtOf(id) ?? -Infinity) + toleratedMs;
}

/** How many attempts there were, and since when, unless those are all: a redelivery counts them anew. */
export function attemptsText(counted: CountedAttempts): string {
  const count = countText(counted.attempts, 'attempt');
  return isAsAccepted(counted) ? count : `${count} since accepted or redelivered`;
}
