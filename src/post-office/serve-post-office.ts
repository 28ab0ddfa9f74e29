import type { MessagePort } from 'node:worker_threads';
import { systemClock } from '../core/clock.js';
import { errorDataOf } from '../core/errors.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { FormatFunctions } from '../format/deliver-by-definition.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import type { RunNative } from '../outbox/sqlite/sqlite-driver.js';
import type { LogFields, Logger, LogLevel } from '../telemetry/logger.js';
import { createInlineHost } from './inline-host.js';
import { gatherOnDiskMs } from './start-deliveries.js';
import { loadFormatFunctions } from './load-format-functions.js';
import type { TargetPlan } from './post-office.js';
import { passAcceptGate } from './thread-gates.js';
import type { FromThread, PostOfficeCall, ThreadData, ToThread } from './thread-messages.js';

const eventsWaitMs = 50;

export interface ServingOptions {
  /** Native calls go through this, if given. */
  readonly runNative?: RunNative | undefined;
  /** The functions of a target's format. @default they are loaded, as a thread has to */
  readonly functionsOf?: ((plan: TargetPlan) => FormatFunctions | undefined) | undefined;
}

/** Runs a post office for whoever has the other end of the port: the inline host, controlled by messages. */
export function servePostOffice(port: MessagePort, data: ThreadData, options: ServingOptions = {}): void {
  const { runNative, functionsOf = loadedFunctions } = options;
  const { settings, authTokens, isDebugEnabled, acceptGate } = data;
  const questions = new Map<number, (token: string | undefined) => void>();
  let questionCount = 0;
  let events: DeliveryEvent[] = [];
  let eventsTimer: NodeJS.Timeout | undefined;

  const postOffice = createInlineHost({
    settings,
    targets: settings.targets.map((plan) => ({
      ...plan,
      authToken: authTokens[plan.name] ?? (() => askToken(plan.name)),
      functions: functionsOf(plan),
    })),
    clock: systemClock,
    runNative,
    logger: createPortLogger(),
    onEvent: queueEvent,
    gatherMs: gatherOnDiskMs,
  });

  // The stats come once the outbox is open or cannot be opened.
  void postOffice.stats().then(({ pending }) => {
    send({ kind: 'opened', pending });
  });

  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'accept':
        void accept(message.batch, message.notifications);
        return;
      case 'call':
        void runCall(message.call, message.name, message.argument);
        return;
      case 'token':
        questions.get(message.question)?.(message.token);
        questions.delete(message.question);
        return;
      case 'lookSoon':
        postOffice.lookSoon(message.written);
        return;
      case 'ping':
        send({ kind: 'pong' });
        return;
    }
  });

  async function accept(batch: number, notifications: readonly AcceptedNotification[]): Promise<void> {
    const acceptances = await postOffice.accept(notifications, () => passAcceptGate(acceptGate, batch));
    const areAllTaken = acceptances.every(({ accepted }) => accepted);
    send({ kind: 'accepted', batch, acceptances: areAllTaken ? undefined : acceptances });
  }

  async function runCall(call: number, name: PostOfficeCall, argument: unknown): Promise<void> {
    try {
      const calls = postOffice as unknown as Record<PostOfficeCall, (argument: unknown) => Promise<unknown>>;
      const value = await calls[name](argument);
      if (name === 'close') await sendLastStats();
      send({ kind: 'answer', call, value });
    } catch (error) {
      send({ kind: 'failure', call, error: errorDataOf(error) });
    }
    // Without an open port nothing keeps a thread alive, so it ends.
    if (name === 'close') port.close();
  }

  /** For the app's thread to keep, because this thread ends now and cannot be asked again. */
  async function sendLastStats(): Promise<void> {
    const stats = await postOffice.stats().catch(() => undefined);
    if (stats !== undefined) send({ kind: 'lastStats', stats });
  }

  /** Asks the app's thread, because the app's function can only be called there. */
  function askToken(target: string): Promise<string> {
    questionCount += 1;
    const question = questionCount;
    return new Promise((resolve, reject) => {
      questions.set(question, (token) => {
        if (token === undefined) reject(new Error('the token provider failed'));
        else resolve(token);
      });
      send({ kind: 'askToken', question, target });
    });
  }

  /** Only debug lines are logged here; everything else that is logged comes from events. */
  function createPortLogger(): Required<Logger> {
    const writer =
      (level: LogLevel) =>
      (fields: LogFields, message: string): void => {
        send({ kind: 'log', level, fields, message });
      };
    return {
      debug: writer('debug'),
      info: writer('info'),
      warn: writer('warn'),
      error: writer('error'),
      isLevelEnabled: (level) => level !== 'debug' || isDebugEnabled,
    };
  }

  /**
   * Events of one turn, such as the settlement of a batch, are sent in one message. Those that only say that all is well wait for
   * the next message, so that the app's thread is not woken for them alone; but not for long.
   */
  function queueEvent(event: DeliveryEvent): void {
    events.push(event);
    if (event.kind === 'delivered') eventsTimer ??= setTimeout(sendEvents, eventsWaitMs);
    else queueMicrotask(sendEvents);
  }

  function sendEvents(): void {
    clearTimeout(eventsTimer);
    eventsTimer = undefined;
    if (events.length === 0) return;
    const message: FromThread = { kind: 'events', events };
    port.postMessage(message);
    events = [];
  }

  /** Sends earlier events first. */
  function send(message: FromThread): void {
    sendEvents();
    port.postMessage(message);
  }
}

function loadedFunctions({ format }: TargetPlan): FormatFunctions | undefined {
  return format === undefined ? undefined : loadFormatFunctions(format);
}
