import { createNotifier, type Notifier, type NotifierEvents, type NotifierOptions } from '../../src/index.js';
import { createLogCollector, type LogCollector } from './log-collector.js';
import { startScriptedCrm, type Received, type ScriptedCrm } from './scripted-crm.js';

/** A request with a notification in it. */
export interface Posted extends Received {
  readonly json: Record<string, unknown>;
}

/** A notifier and the CRM it delivers to, both real, with everything that is logged and rejected. */
export interface Stage {
  readonly crm: Notifier;
  readonly scripted: ScriptedCrm;
  readonly log: LogCollector;
  readonly rejected: readonly NotifierEvents['rejected'][];
  /** What the CRM has once nothing is due any more, in the order of acceptance (ids sort that way). */
  posted(): Promise<readonly Posted[]>;
}

export const testToken = 'test-token-0123456789';

/** Sets the stage for one test; whatever was set is closed after it. */
export function useStage(): (options?: NotifierOptions) => Promise<Stage> {
  const stages: Stage[] = [];
  afterEach(async () => {
    for (const { crm, scripted } of stages.splice(0)) {
      await crm.close({ timeoutMs: 1_000 });
      await scripted.close();
    }
  });
  return async (options = {}) => {
    const stage = await setStage(options);
    stages.push(stage);
    return stage;
  };
}

async function setStage(options: NotifierOptions): Promise<Stage> {
  const scripted = await startScriptedCrm();
  const log = createLogCollector();
  const crm = createNotifier({
    baseUrl: scripted.url,
    authToken: testToken,
    outbox: ':memory:',
    logger: log,
    env: {},
    ...options,
  });
  const rejected: NotifierEvents['rejected'][] = [];
  crm.on('rejected', (event) => rejected.push(event));
  return {
    crm,
    scripted,
    log,
    rejected,
    async posted() {
      await crm.flush();
      return scripted.received.filter(isPosted).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    },
  };
}

function isPosted(received: Received): received is Posted {
  return received.method === 'POST' && received.json !== undefined;
}

function idOf(posted: Posted): string {
  return String(posted.json['notification_id']);
}
