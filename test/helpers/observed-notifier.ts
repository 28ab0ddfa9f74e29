import {
  createNotifier,
  type CloseReport,
  type Notifier,
  type NotifierEventName,
  type NotifierEvents,
  type NotifierOptions,
} from '../../src/index.js';
import { createLogCollector, type LogCollector } from './log-collector.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';

export const testToken = 'test-token-0123456789';

/** A real notifier, and all it has told so far. */
export interface ObservedNotifier extends Pick<Notifier, 'flush' | 'deadLetters' | 'stats' | 'ready'> {
  readonly notifier: Notifier;
  readonly log: LogCollector;
  /** Accepts one notification of each lane, in this order, and answers their ids; fails when one is rejected. */
  accept(...lanes: readonly string[]): Promise<string[]>;
  /** What was told under this name, oldest first. */
  told<Name extends NotifierEventName>(name: Name): readonly NotifierEvents[Name][];
  /** What went wrong inside. */
  troubles(): readonly unknown[];
  /** Resolves with all that was told under this name once it is at least so many, past or future. */
  hear<Name extends NotifierEventName>(name: Name, count?: number): Promise<readonly NotifierEvents[Name][]>;
  /** Closes it, moving its own clock on for as long as that takes. */
  close(timeoutMs?: number): Promise<CloseReport>;
}

/** What a healthy post office never emits. */
export const troubleNames = ['outboxFailed', 'outboxRepaired', 'threadRestarted', 'deliveryFailed'] as const;

export const eventNames: readonly NotifierEventName[] = [
  'accepted',
  'rejected',
  'responded',
  'delivered',
  'retry',
  'refused',
  'dead',
  'paused',
  'resumed',
  'pausedByHand',
  'resumedByHand',
  'unsent',
  ...troubleNames,
];

/** Makes notifiers for the tests of a file; each is closed after its test. Put it before the hooks of what they use. */
export function useNotifiers(): (options: NotifierOptions, make?: typeof createNotifier) => ObservedNotifier {
  const made: ObservedNotifier[] = [];
  afterEach(async () => {
    for (const notifier of made.splice(0)) await notifier.close(1);
  });
  return (options, make = createNotifier) => {
    const observed = observe(options, make);
    made.push(observed);
    return observed;
  };
}

function observe(options: NotifierOptions, make: typeof createNotifier): ObservedNotifier {
  const log = createLogCollector();
  // In this thread, where a test can own the clock; the thread host has tests of its own.
  // And patient: a busy machine is no silent outbox.
  const defaults = { outbox: ':memory:', thread: false, holdMs: 20_000, logger: log, env: {} };
  // Where targets are named, each has a token of its own.
  const token = options.targets === undefined ? { authToken: testToken } : {};
  const notifier = make({ ...defaults, ...token, ...options });
  const told = new Map<NotifierEventName, unknown[]>(eventNames.map((name) => [name, []]));
  const waiting = new Set<() => void>();
  for (const name of eventNames) {
    notifier.on(name, (event) => {
      told.get(name)?.push(event);
      for (const check of waiting) check();
    });
  }
  const toldOf = <Name extends NotifierEventName>(name: Name): readonly NotifierEvents[Name][] =>
    told.get(name) as NotifierEvents[Name][];

  return {
    notifier,
    log,
    flush: (limit) => notifier.flush(limit),
    stats: () => notifier.stats(),
    ready: () => notifier.ready(),
    deadLetters: notifier.deadLetters,
    async accept(...lanes) {
      const receipts = await Promise.all(lanes.map((lane) => notifier.notify(notificationIn(lane))));
      return receipts.map((receipt) => {
        if (!receipt.accepted) throw receipt.error;
        return receipt.id;
      });
    },
    told: toldOf,
    troubles: () => troubleNames.flatMap((name): readonly unknown[] => toldOf(name)),
    hear: (name, count = 1) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (toldOf(name).length < count) return;
          waiting.delete(check);
          resolve(toldOf(name));
        };
        waiting.add(check);
        check();
      }),
    async close(timeoutMs = 1_000) {
      const closing = notifier.close({ timeoutMs });
      const { clock } = options;
      return clock !== undefined && isOwned(clock) ? passTimeUntil(closing, clock) : closing;
    },
  };
}

/** A notification that says in which lane it is. */
export function notificationIn(lane: string) {
  return { notificationType: 'user_moved', userId: 1, message: 'moved', additionalData: { lane }, lane };
}

/** Moves the clock on by a millisecond at a time until the promise is settled. */
export function passTimeUntil<Value>(promise: Promise<Value>, clock: OwnedClock): Promise<Value> {
  return clock.advanceUntil(promise);
}

/** Lets what has happened take effect: a settlement waits for the end of a turn of the event loop. */
export async function settle(clock: OwnedClock = createOwnedClock()): Promise<void> {
  await clock.advance(0);
}

function isOwned(clock: object): clock is OwnedClock {
  return 'advance' in clock;
}
