import type { Clock } from '../core/clock.js';
import type { Notifier } from '../notifier/notifier.js';
import { writeLog, type Logger } from '../telemetry/logger.js';
import { jsonAnswer, jsonBytesAnswer, refusal, type Answer } from './answer.js';
import type { DeadLetterPage, Discarded, Overview, Redelivered } from './api-contract.js';
import { parseDeadLettersQuery } from './dead-letters-query.js';
import { healthOf } from './health.js';
import { createOneAtATime } from './one-at-a-time.js';
import type { Recorder } from './recorder.js';
import { createSharedAnswer } from './shared-answer.js';

export interface DashboardApiOptions {
  readonly crm: Pick<Notifier, 'stats' | 'deadLetters'>;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly oldBacklogMs: number;
  readonly logger: Logger | undefined;
}

/** What the page's script asks. Each may reject with what the notifier rejects with. */
export interface DashboardApi {
  overview(): Promise<Answer>;
  deadLetters(query: string): Promise<Answer>;
  redeliver(id: string): Promise<Answer>;
  discard(id: string): Promise<Answer>;
  redeliverAll(): Promise<Answer>;
}

const overviewMaxAgeMs = 500;
const overviewTimeoutMs = 5_000;
/** A search reads every dead letter there is, in the thread that also commits. */
const maxWaitingLists = 32;

export function createDashboardApi(options: DashboardApiOptions): DashboardApi {
  const { crm, recorder, clock, oldBacklogMs, logger } = options;
  const oneAtATime = createOneAtATime(maxWaitingLists);
  const readOverview = createSharedAnswer({
    ask: () => crm.stats(),
    encode: (stats) => Buffer.from(JSON.stringify(overviewOf(stats))),
    clock,
    maxAgeMs: overviewMaxAgeMs,
    timeoutMs: overviewTimeoutMs,
  });

  const overviewOf = (stats: Overview['stats']): Overview => {
    const { minutes, latency, attempts, pause, outboxCode, deadCount } = recorder.read();
    const isPaused = stats.circuit !== 'closed';
    return {
      at: clock.now(),
      health: healthOf(stats, { pause, outboxCode, oldBacklogMs }),
      stats,
      pause: isPaused ? (pause ?? null) : null,
      minutes,
      latency,
      attempts,
      deadRevision: `${String(stats.dead)}:${String(deadCount)}`,
    };
  };

  const pageOf = async (query: string): Promise<Answer> => {
    const parsed = parseDeadLettersQuery(query);
    if (parsed === undefined) return refusal(400, 'bad-query', queryAdvice);
    // One more than asked for tells whether there are older ones.
    const found = await crm.deadLetters.list({ ...parsed, limit: parsed.limit + 1 });
    const letters = found.slice(0, parsed.limit);
    const older = found.length > letters.length ? (letters.at(-1)?.position ?? null) : null;
    return jsonAnswer({ letters, older } satisfies DeadLetterPage);
  };

  const audit = (message: string, fields: Record<string, unknown>): void => {
    if (logger !== undefined) writeLog(logger, 'info', fields, message, () => undefined);
  };

  return {
    overview: async () => jsonBytesAnswer(await readOverview()),

    deadLetters: async (query) => (await oneAtATime(() => pageOf(query))) ?? busy,

    async redeliver(id) {
      const redelivered = await crm.deadLetters.redeliver(id);
      audit('CRM dashboard: a dead letter was redelivered', { notificationId: id, redelivered });
      return jsonAnswer({ redelivered } satisfies Redelivered);
    },

    async discard(id) {
      const discarded = (await crm.deadLetters.discard(id)) ? 1 : 0;
      audit('CRM dashboard: a dead letter was discarded', { notificationId: id, discarded });
      return jsonAnswer({ discarded } satisfies Discarded);
    },

    async redeliverAll() {
      const redelivered = await crm.deadLetters.redeliver('all');
      audit('CRM dashboard: all dead letters were redelivered', { redelivered });
      return jsonAnswer({ redelivered } satisfies Redelivered);
    },
  };
}

const queryAdvice =
  'takes limit (a number, 1 to 200), before (a position) and search (at most 200 characters), each at most once';
const busy = refusal(503, 'busy', 'too many ask for dead letters at once; try again in a moment', {
  'retry-after': '1',
});
