import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import type { NotifierOptions } from '../../src/config/settings.js';
import { systemClock, type Clock } from '../../src/core/clock.js';
import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import type { PostgresOutbox } from '../../src/outbox/postgres/postgres-outbox.js';
import { createInlineHost, type InlineHostOptions } from '../../src/post-office/inline-host.js';
import { claimOutbox } from '../../src/post-office/outbox-claim.js';
import type { CloseReport, PostOffice } from '../../src/post-office/post-office.js';
import { createThreadHost } from '../../src/post-office/thread-host.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import { createLogCollector, type LogCollector } from '../helpers/log-collector.js';
import { passTimeUntil, testToken, troubleNames } from '../helpers/observed-notifier.js';
import type { OwnedClock } from '../../src/testing/owned-clock.js';

export type HostOptions = Omit<InlineHostOptions, 'dispatcher' | 'onClosed'> & { readonly onClosed: () => void };
export type CreateHost = (options: HostOptions) => PostOffice;

export interface OfficeOptions extends Omit<NotifierOptions, 'dispatcher' | 'logger' | 'logLevel' | 'env'> {
  /** The outbox's directory, or where on a server it is; in memory without one. */
  readonly outbox?: string | PostgresOutbox | undefined;
  readonly isDebugEnabled?: boolean;
  /** Called when the outbox is claimed and before it is opened. */
  readonly beforeOpening?: (file: string) => void;
}

type EventOf<Kind extends DeliveryEvent['kind']> = Extract<DeliveryEvent, { readonly kind: Kind }>;

/** A real post office, and all it has told so far. */
export interface ObservedOffice extends PostOffice {
  readonly log: LogCollector;
  /** How often it has said that everything is given back. */
  readonly closedCount: number;
  told<Kind extends DeliveryEvent['kind']>(kind: Kind): readonly EventOf<Kind>[];
  /** What went wrong inside. */
  troubles(): readonly DeliveryEvent[];
  /** Resolves with all that was told of this kind once it is at least so many, past or future. */
  hear<Kind extends DeliveryEvent['kind']>(kind: Kind, count?: number): Promise<readonly EventOf<Kind>[]>;
}

export const inlineHost: CreateHost = (options) => createInlineHost(options);

/** Runs the thread of a file: the built one, or one of the programs that make trouble. */
export function threadHost(threadFile: string): CreateHost {
  return (options) => {
    const onThreadless = (error: unknown): void => {
      options.logger.warn({}, `no thread: ${(error as Error).message}`);
    };
    return createThreadHost({ ...options, threadFile, onThreadless });
  };
}

/** Makes post offices for the tests of a file; each is closed after its test. Put it before the hooks of what they use. */
export function useOffices(createHost: CreateHost): (options: OfficeOptions) => ObservedOffice {
  const made: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of made.splice(0)) await close();
  });
  return (options) => {
    const office = observe(createHost, options);
    // A thread goes by the computer's clock, whatever this side of it goes by.
    const clock = createHost === inlineHost ? options.clock : undefined;
    made.push(() => closeOffice(office, clock).catch(() => undefined));
    return office;
  };
}

/** Closes it, moving its own clock on for as long as that takes. */
function closeOffice(office: PostOffice, clock: Clock | undefined): Promise<CloseReport> {
  const closing = office.close(1);
  return clock !== undefined && 'advance' in clock ? passTimeUntil(closing, clock as OwnedClock) : closing;
}

function observe(createHost: CreateHost, options: OfficeOptions): ObservedOffice {
  const { outbox, clock = systemClock, isDebugEnabled = false, beforeOpening, ...given } = options;
  const log = createLogCollector();
  // What an app gets that sets nothing, without the disk's confirmations.
  const config = resolveNotifierConfig({ authToken: testToken, sync: 'normal', ...given, logger: log, env: {} });
  const targets = config.targets.map(({ dispatcher: _none, ...target }) => target);
  const plans = targets.map(({ authToken: _token, ...plan }) => plan);
  const claim = typeof outbox === 'string' ? claimOutbox(outbox) : undefined;
  if (claim !== undefined) beforeOpening?.(claim.file);
  const offDisk = typeof outbox === 'object' ? outbox : ({ kind: 'memory' } as const);
  const place = claim === undefined ? offDisk : ({ kind: 'file', file: claim.file } as const);
  const events: DeliveryEvent[] = [];
  const waiting = new Set<() => void>();
  const state = { closedCount: 0 };
  const host = createHost({
    settings: { targets: plans, outbox: config.outbox, place },
    targets,
    clock,
    logger: createSafeLogger({ ...log, isLevelEnabled: (level) => level !== 'debug' || isDebugEnabled }),
    onEvent(event) {
      events.push(event);
      for (const check of waiting) check();
    },
    onClosed() {
      state.closedCount += 1;
      claim?.release();
    },
  });
  const told = <Kind extends DeliveryEvent['kind']>(kind: Kind): readonly EventOf<Kind>[] =>
    events.filter((event): event is EventOf<Kind> => event.kind === kind);
  return {
    ...host,
    log,
    get closedCount() {
      return state.closedCount;
    },
    told,
    troubles: () => events.filter(({ kind }) => troubleNames.some((name) => name === kind)),
    hear: (kind, count = 1) =>
      new Promise((resolve) => {
        const check = (): void => {
          const heard = told(kind);
          if (heard.length < count) return;
          waiting.delete(check);
          resolve(heard);
        };
        waiting.add(check);
        check();
      }),
  };
}
