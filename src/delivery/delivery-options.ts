import type { Clock } from '../core/clock.js';
import type { SteadyClock } from '../core/steady-clock.js';
import type { DeliveryOutbox } from '../outbox/delivery-outbox.js';
import type { Target } from '../target/target.js';
import type { DeliveryEvent } from './delivery-event.js';
import type { DeliveryConfig } from './delivery-settings.js';
import type { KnownUrl } from './target-trust.js';

/** What a delivery needs: its settings, what it reads, where it sends, and the clocks it goes by. */
export interface DeliveryOptions extends DeliveryConfig {
  /** How long an attempt may take. */
  readonly timeoutMs: number;
  readonly outbox: DeliveryOutbox;
  readonly target: Target;
  readonly clock: Clock;
  /** The clock for stored instants: ages and due times. */
  readonly steady: Pick<SteadyClock, 'now'>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  /**
   * Whether an attempt may start: not once another process may deliver. Then the target sends nothing either, and another
   * delivery follows this one.
   * @default always
   */
  readonly mayStart?: (() => boolean) | undefined;
  /**
   * Whether somebody has paused this delivery: nothing starts, what is under way ends, and nothing is due. Wake it when that has
   * changed.
   * @default never
   */
  readonly isPaused?: (() => boolean) | undefined;
  /** How long settlements are gathered for one transaction, in milliseconds; 0: until the event loop's turn ends. */
  readonly gatherMs: number;
  /** How long newly accepted notifications are gathered for one round of attempts, in milliseconds. @default gatherMs */
  readonly roundGatherMs?: number | undefined;
  readonly knownUrl: KnownUrl;
}
