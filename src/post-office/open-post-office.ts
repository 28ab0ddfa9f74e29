import { systemClock, type Clock } from '../core/clock.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';
import type { FormatDefinition } from '../format/format-definition.js';
import { loadPg } from '../outbox/postgres/pg-driver.js';
import { loadSqlite } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { bundledThreadName, findThreadFile } from './find-thread-file.js';
import { createInlineHost } from './inline-host.js';
import { claimOutbox } from './outbox-claim.js';
import type { OutboxPlace, PostOffice, PostOfficeSettings } from './post-office.js';
import { gatherOnDiskMs, type WholeTarget } from './start-deliveries.js';
import { createThreadHost } from './thread-host.js';

/** A target as it is configured. */
export interface NotifiedTarget extends Omit<WholeTarget, 'format' | 'functions'> {
  readonly format: FormatDefinition | undefined;
}

export interface PostOfficeOptions {
  /** One at least. */
  readonly targets: readonly NotifiedTarget[];
  readonly outbox: OutboxConfig;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Called once nothing speaks against the start any more, and before anything is logged. */
  readonly onStart: () => void;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/**
 * Opens the post office in a thread of its own or, if that is not wanted or not possible, in this thread. Throws
 * `CRMConfigError` at once when the outbox's path cannot be used, another notifier of this process has it, or there is no SQLite.
 */
export function openPostOffice(options: PostOfficeOptions): PostOffice {
  const { outbox, clock, logger, onEvent } = options;
  const targets = options.targets.map(withPlan);
  // What the thread needs it loads for itself; here it only must not be missing.
  if (typeof outbox.path !== 'string') loadPg();
  else if (outbox.path !== ':memory:') loadSqlite();
  const claim = typeof outbox.path === 'string' && outbox.path !== ':memory:' ? claimOutbox(outbox.path) : undefined;
  const place = claim === undefined ? placeOffDisk(outbox.path) : ({ kind: 'file', file: claim.file } as const);
  options.onStart();
  if (claim?.exposure !== undefined) logger.warn({}, `CRM outbox: ${claim.exposure}`);
  const plans = targets.map(({ authToken: _token, dispatcher: _dispatcher, functions: _functions, ...plan }) => plan);
  const settings: PostOfficeSettings = { targets: plans, outbox, place };
  const onClosed = (): void => {
    claim?.release();
  };
  // Notifications in memory would be lost with the thread, and functions cannot be sent to it.
  const isThreadWanted = outbox.thread && place.kind !== 'memory' && clock === systemClock;
  const stranded = targets.find((target) => !hasSendableFormat(target))?.format;
  if (isThreadWanted && stranded !== undefined) {
    logger.warn({}, `${runsHere}: the format ${stranded.name} ${strandedFunctions}, or set thread: false`);
  } else if (isThreadWanted && targets.every(({ dispatcher }) => dispatcher === undefined)) {
    const threadFile = findThreadFile();
    if (threadFile !== undefined) {
      const onThreadless = (error: unknown): void => {
        logger.warn({}, `${runsHere}: ${whyNoThread(error)}, or set thread: false`);
      };
      return createThreadHost({ settings, targets, clock, logger, onEvent, onThreadless, onClosed, threadFile });
    }
    logger.warn({}, `${runsHere}: ${noThreadFile}, or set thread: false`);
  }
  // In memory, transactions are not worth a wait, and a custom clock is not advanced for them.
  const gatherMs = place.kind === 'memory' || clock !== systemClock ? 0 : gatherOnDiskMs;
  return createInlineHost({ settings, targets, clock, logger, gatherMs, onEvent, onClosed });
}

function withPlan({ format, ...target }: NotifiedTarget): WholeTarget {
  if (format === undefined) return { ...target, format };
  const { name, path, contentType, source, classify, batch } = format;
  const { path: batchPath, maxCount, maxBytes, join } = batch ?? {};
  const limits = maxCount === undefined ? undefined : { path: batchPath, maxCount, maxBytes };
  const plan = { name, path, contentType, source, batch: limits };
  return { ...target, format: plan, functions: { classify, join } };
}

/** Whether nothing that the thread needs of it is a function, or the thread finds it by itself. */
function hasSendableFormat({ format, functions }: WholeTarget): boolean {
  const hasFunctions = functions?.classify !== undefined || functions?.join !== undefined;
  return !hasFunctions || format?.source !== undefined;
}

function placeOffDisk(outbox: OutboxConfig['path']): OutboxPlace {
  return typeof outbox === 'string' ? { kind: 'memory' } : outbox;
}

const runsHere = 'CRM outbox and delivery run in the app’s own thread';

const strandedFunctions =
  'has functions that no thread can get. Give defineFormat its module and exportName (docs/formats.md)';

const noThreadFile =
  'the file of their thread was not found. Leave express-crm-notifier out of your bundle (as an external package), build ' +
  `express-crm-notifier/thread as ${bundledThreadName}.js beside it (docs/deploying.md)`;

const maxReasonLength = 200;

/** The thread failed as it was loaded, so the error quotes names of files and packages, and nothing of a notification. */
function whyNoThread(error: unknown): string {
  const { message, permission }: { message: string; permission?: string } =
    error instanceof Error ? error : { message: String(error) };
  if (permission === 'WorkerThreads') return 'Node’s permission model allows no thread. Start Node with --allow-worker';
  const [reason = ''] = message.split('\n');
  return (
    `their thread could not be started (${reason.slice(0, maxReasonLength)}). ` +
    'In a bundle, build express-crm-notifier/thread again, with all it needs (docs/deploying.md)'
  );
}
