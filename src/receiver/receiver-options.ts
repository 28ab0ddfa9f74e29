import { checkToken } from '../client/token.js';
import { systemClock, type Clock } from '../core/clock.js';
import { CRMConfigError, type Issue } from '../core/errors.js';
import { hasFunctions } from '../core/setting.js';
import type { VerifierOptions } from '../signing/create-verifier.js';
import { checkSigningSecrets } from '../signing/signing-secret.js';
import type { Logger } from '../telemetry/logger.js';
import type { NotificationHandlers } from './notification-handlers.js';
import type { OnReceiverError } from './receiver-reports.js';
import type { ReceiverStore } from './receiver-store.js';
import { memoryStore } from './stores/memory-store.js';

/** `token` or `signing` must be given; if both are, a request needs both. */
export interface ReceiverOptions<Tx = undefined> {
  /**
   * The token that senders have, or several while it is being replaced: each is taken. `null` checks none, for an app that
   * has checked who comes before the receiver is called.
   * @default none: then `signing` is needed
   */
  readonly token?: string | readonly string[] | null | undefined;
  /**
   * Verifies signatures of Standard Webhooks 1.0, and how old they are.
   * @default none: then `token` is needed
   */
  readonly signing?: VerifierOptions | undefined;
  /** What is done, by type of notification. */
  readonly on: NotificationHandlers<Tx>;
  /**
   * Where it is remembered which notifications were handled.
   * @default memoryStore()
   */
  readonly store?: ReceiverStore<Tx> | undefined;
  /**
   * The largest body, of one notification or of a batch, in bytes; a larger one gets 413.
   * @default 1_048_576 (1 MiB)
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * How many notifications a batch may have; a larger one gets 413.
   * @default 1_000
   */
  readonly maxBatchCount?: number | undefined;
  /**
   * How many notifications of a batch are handled at once. Those of one booking, event or user never are.
   * @default 4
   */
  readonly batchConcurrency?: number | undefined;
  /**
   * Decides what `GET /health` responds: 200, or 503 if it returns `false`, throws or rejects.
   * @default always healthy
   */
  readonly isHealthy?: (() => boolean | PromiseLike<boolean>) | undefined;
  /**
   * Gets what a handler or the store threw; a log line only says what kind of error it was, and where it was thrown.
   * @default none
   */
  readonly onError?: OnReceiverError | undefined;
  /**
   * Gets a line for each notification that could not be handled.
   * @default pino on standard output
   */
  readonly logger?: Logger | undefined;
  /**
   * The clock by which signatures are too old; for tests.
   * @default the system clock
   */
  readonly clock?: Clock | undefined;
}

export interface ReceiverConfig<Tx> {
  readonly tokens: readonly string[];
  readonly signing: VerifierOptions | undefined;
  readonly handlers: NotificationHandlers<Tx>;
  readonly store: ReceiverStore<Tx>;
  readonly maxBodyBytes: number;
  readonly maxBatchCount: number;
  readonly batchConcurrency: number;
  readonly isHealthy: (() => unknown) | undefined;
  readonly onError: OnReceiverError | undefined;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

const optionNames: readonly string[] = [
  'token',
  'signing',
  'on',
  'store',
  'maxBodyBytes',
  'maxBatchCount',
  'batchConcurrency',
  'isHealthy',
  'onError',
  'logger',
  'clock',
];

/** Throws `CRMConfigError` with every problem at once. */
export function resolveReceiverOptions<Tx>(options: ReceiverOptions<Tx>): ReceiverConfig<Tx> {
  const { token, signing, on, isHealthy, onError, logger, clock = systemClock } = options;
  const { maxBodyBytes = 1_048_576, maxBatchCount = 1_000, batchConcurrency = 4 } = options;
  const tokens = token === undefined || token === null ? [] : [token].flat();
  const store = options.store ?? (memoryStore() as ReceiverStore<never>);
  const issues: Issue[] = [...unknownOptions(options), ...tokenIssues(tokens, token), ...handlerIssues(on)];
  if (signing !== undefined)
    issues.push(...checkSigningSecrets((signing as VerifierOptions | null)?.secrets, 'verify'));
  if (token === undefined && signing === undefined) issues.push({ path: 'token', message: missingAuthentication });
  for (const [path, value] of Object.entries({ maxBodyBytes, maxBatchCount, batchConcurrency })) {
    if (!Number.isSafeInteger(value) || value < 1) issues.push({ path, message: 'must be a whole number from 1 on' });
  }
  for (const [path, value] of Object.entries({ isHealthy, onError })) {
    if (value !== undefined && typeof value !== 'function') issues.push({ path, message: 'must be a function' });
  }
  const storeProblem = hasFunctions(['handleOnce'], 'must be one that memoryStore, sqliteStore or postgresStore made');
  for (const [path, message] of [['store', storeProblem(store)]] as const) {
    if (message !== undefined) issues.push({ path, message });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
  return {
    tokens,
    signing,
    handlers: on,
    store,
    maxBodyBytes,
    maxBatchCount,
    batchConcurrency,
    isHealthy,
    onError,
    logger,
    clock,
  };
}

const missingAuthentication =
  'is missing, and signing as well: anybody could post. Give the token that senders have, or their secrets for signatures. ' +
  'An app that checks who comes before the receiver is called gives token: null';

function unknownOptions(options: object): readonly Issue[] {
  return Object.keys(options)
    .filter((path) => !optionNames.includes(path))
    .map((path) => ({ path, message: `is not an option; the options are ${optionNames.join(', ')}` }));
}

function tokenIssues(tokens: readonly unknown[], given: unknown): readonly Issue[] {
  if (Array.isArray(given) && given.length === 0) return [{ path: 'token', message: 'must not be an empty list' }];
  return tokens.flatMap((token, index) => {
    const problem = checkToken(token);
    if (problem === undefined) return [];
    return [{ path: Array.isArray(given) ? `token[${String(index)}]` : 'token', message: problem }];
  });
}

function handlerIssues(on: unknown): readonly Issue[] {
  if (typeof on !== 'object' || on === null || Object.keys(on).length === 0) {
    return [{ path: 'on', message: "must have a handler for a type, such as booking_created, or for '*', all others" }];
  }
  return Object.entries(on).flatMap(([type, handler]: [string, unknown]) => {
    if (type !== '*' && !/^[a-z0-9_]{1,64}$/.test(type)) {
      return [{ path: 'on', message: "has a key that is no type of a notification: a-z, 0-9 and _, or '*'" }];
    }
    const isHandler = typeof handler === 'function' || handler === undefined;
    return isHandler ? [] : [{ path: `on.${type}`, message: 'must be a function' }];
  });
}
