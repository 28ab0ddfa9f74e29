import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresServer } from '../../demo-app/postgres-server.js';
import type { SeededRandom } from '../helpers/seeded-random.js';
import type { AuditCrm } from './crm.js';
import type { AuditDatabase } from './database.js';
import type { App, Machine } from './machine.js';

/** How long it took until another machine posted, in milliseconds. */
export interface Takeover {
  readonly after: 'kill' | 'freeze';
  readonly tookMs: number;
  /** How late the operating system was with the machines' work meanwhile; see test/crash/lateness.ts. */
  readonly lateMs: number;
}

export interface StageCounts {
  readonly takeovers: Takeover[];
  /** How often nobody took over in time to be measured. */
  missedTakeovers: number;
  /** How often a leader was thawed whose lease had passed. */
  thaws: number;
  /** How many requests these sent to the CRM before they led again. */
  postsAfterThaw: number;
  /** How often an app ended though nobody had ended it. */
  ownEnds: number;
}

/** All that an audit is played with: each nuisance gets it. */
export interface Stage extends StageCounts {
  readonly random: SeededRandom;
  readonly server: PostgresServer;
  readonly database: AuditDatabase;
  readonly crm: AuditCrm;
  readonly machines: readonly Machine[];
  /** Starts an app on a machine whose app is gone. */
  restart(machine: Machine): Promise<void>;
}

/** A machine whose app runs. */
export interface LiveMachine extends Machine {
  app: App;
}

export function liveMachines({ machines }: Stage): readonly LiveMachine[] {
  return machines.filter((machine): machine is LiveMachine => machine.app !== undefined);
}

/** The machine that leads now; waits until one does. A killed leader has its lease for a while. */
export function leadingMachine(stage: Stage): Promise<LiveMachine | undefined> {
  return waitFor(leaderWithinMs, async () => {
    const leader = await stage.database.leader();
    return liveMachines(stage).find(({ app }) => app.pid === leader?.pid);
  });
}

const leaderWithinMs = 20_000;

/** Asks until there is an answer; undefined when there was none within this time. */
export async function waitFor<Answer>(
  ms: number,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
): Promise<Answer | undefined> {
  const sinceMs = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() - sinceMs > ms) return answer;
    await pause(20);
  }
}
