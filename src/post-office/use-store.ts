import type { Clock } from '../core/clock.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { watchHandPauses, type HandPauses } from '../history/hand-pauses.js';
import type { HandPause } from '../history/history.js';
import { startReporting, type Reporting, type ReportingOptions } from '../history/reporting.js';
import type { RunNative } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { startLeadingDelivery, type LeadingDelivery } from './leading-delivery.js';
import { openStore } from './open-store.js';
import type { FailureReporter } from './opening.js';
import type { PostOfficeSettings } from './post-office.js';
import { startDeliveries, type WholeTarget } from './start-deliveries.js';
import type { Store } from './store.js';
import { warnOfStranded } from './warn-of-stranded.js';

/** A store, its delivery and what is reported of it. */
export interface StoreInUse {
  readonly store: Store;
  readonly leading: LeadingDelivery;
  /** Undefined where this process may not report, as the next. */
  readonly reporting: Reporting | undefined;
  readonly pauses: HandPauses | undefined;
}

export interface UseStoreOptions {
  readonly settings: PostOfficeSettings;
  readonly targets: readonly WholeTarget[];
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  readonly failures: FailureReporter;
  /** Aborted when closing has taken its time. */
  readonly signal: AbortSignal;
  readonly runNative?: RunNative | undefined;
  readonly gatherMs?: number | undefined;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/** Opens the store of the settings, and delivers from it while this process leads. */
export async function useStore(options: UseStoreOptions): Promise<StoreInUse> {
  const { settings, clock, logger, failures, signal, runNative, onEvent } = options;
  const names = options.targets.map(({ name }) => name);
  /** Something may happen before it is known whether this process leads. */
  const inUse: { leading?: LeadingDelivery; reporting?: Reporting | undefined } = {};
  const reportAndPassOn = (event: DeliveryEvent): void => {
    inUse.reporting?.onEvent(event);
    onEvent(event);
  };
  const store = await openStore({
    ...{ settings, clock, logger, failures, signal, runNative },
    onRepaired: ({ message }) => {
      onEvent({ kind: 'outboxRepaired', message });
    },
    onArrived: (arrived) => inUse.leading?.wake(arrived),
    onWanted(target, ids) {
      for (const id of ids) inUse.leading?.deliveries?.tryNow(id, target);
    },
  });
  const { outbox, leader, history } = store;
  // Before anything is delivered: what was paused stays so over a restart.
  const pauses =
    history === undefined
      ? undefined
      : await watchHandPauses({
          ...{ history, clock, logger, targets: names },
          isDelivering: () => inUse.leading?.deliveries !== undefined,
          onEvent: reportAndPassOn,
          onChanged: () => inUse.leading?.wake(),
        });
  const handPauseOf = (target: string): HandPause | null => pauses?.of(target) ?? null;
  const isPaused = (target: string): boolean => pauses?.holds(target) === true;
  // The reading from a server has gathered them already.
  const roundGatherMs = settings.place.kind === 'postgres' ? 0 : undefined;
  const leading = await startLeadingDelivery({
    ...{ outbox, leader, clock, failures },
    startDeliveries() {
      pauses?.readAnew();
      return startDeliveries({ ...options, roundGatherMs, store, isPaused, onEvent: reportAndPassOn });
    },
  });
  inUse.leading = leading;
  const reporting = reportingOf(store, leading, {
    ...{ clock, logger, targets: names, handPauseOf, unknownPauses: () => pauses?.unknown ?? null },
    keepDelivered: settings.outbox.keepDelivered,
  });
  inUse.reporting = reporting;
  // Nobody waits for it, and a store that cannot be read is reported by what needs it.
  warnOfStranded(store, names, logger).catch(() => undefined);
  return { store, leading, reporting, pauses };
}

function reportingOf(
  { history, leader }: Store,
  leading: LeadingDelivery,
  options: Pick<ReportingOptions, 'clock' | 'logger' | 'targets' | 'handPauseOf' | 'unknownPauses' | 'keepDelivered'>,
): Reporting | undefined {
  if (history === undefined) return undefined;
  return startReporting({
    ...options,
    history,
    isLeading: () => leading.deliveries !== undefined && leader?.isLeading() !== false,
    circuitOf: (target) => leading.deliveries?.to(target)?.circuit,
  });
}
