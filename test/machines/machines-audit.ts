import { setTimeout as pause } from 'node:timers/promises';
import { createSeededRandom } from '../helpers/seeded-random.js';
import { judge, type Judgement } from './judge.js';
import { startLoad, type LoadCounts } from './load.js';
import type { App } from './machine.js';
import { playRounds, type RoundCounts } from './rounds.js';
import { setStage } from './set-stage.js';
import { liveMachines, type Stage, type StageCounts } from './stage.js';

export interface AuditOptions {
  readonly rounds: number;
  /** What befalls which machine is drawn with it; instants are not. */
  readonly seed: number;
  /** The names of the nuisances to play; all if empty. */
  readonly only: readonly string[];
  /** Whether nothing is told in a transaction: then there must be losses. */
  readonly hooksOnly: boolean;
  /** No more rounds after so many seconds. */
  readonly maxSeconds: number;
  /** Whether to leave the apps' log lines where they are. */
  readonly keepsFiles: boolean;
}

export interface AuditReport extends Judgement, RoundCounts, StageCounts {
  readonly seed: number;
  readonly load: LoadCounts;
  readonly crmFaults: Readonly<Record<string, number>>;
  /** What no app caught: unhandled rejections, exceptions. */
  readonly uncaught: readonly string[];
  /** Apps that did not end when they were asked to at the end. */
  readonly stubborn: number;
  /** Not at the CRM two minutes after everything was calm. */
  readonly pending: number;
  readonly dead: number;
  readonly seconds: number;
  readonly directory: string;
}

const calmWithinMs = 120_000;
/** `close` of the apps takes at most 5 s. */
const endWithinMs = 15_000;

/** Runs an audit; `say` gets a line now and then. It waits by the clock: random instants are what it is about. */
export async function auditMachines(options: AuditOptions, say: (line: string) => void): Promise<AuditReport> {
  const { seed, hooksOnly, maxSeconds, keepsFiles } = options;
  const startedAtMs = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAtMs) / 1000);
  const set = await setStage(seed);
  const { stage, directory } = set;
  try {
    const { machines, crm, database } = stage;
    await Promise.all(machines.map((machine) => stage.restart(machine)));
    const load = startLoad({
      random: createSeededRandom(seed + 2),
      appAt: (place) => machines[place]?.app,
      places: machines.length,
      hooksOnly,
    });
    say(
      `${String(machines.length)} machines under load, ${String(options.rounds)} rounds to come, seed ${String(seed)}`,
    );
    const played = await playRounds(stage, options, (count) => {
      say(`${String(seconds())} s: ${String(count)} rounds, ${String(load.counts.succeeded)} changes seen to succeed`);
      return seconds() < maxSeconds;
    });
    await load.stop();
    crm.calm();
    say(`${String(seconds())} s: waiting for the rest to be delivered`);
    const left = await drain(stage);
    const stubborn = await endApps(liveMachines(stage).map(({ app }) => app));

    const owed = await database.owed();
    const judgement = judge({ arrivals: crm.arrivals, owed, seen: load.seen, isStrictWithHooks: hooksOnly });
    const { takeovers, missedTakeovers, thaws, postsAfterThaw, ownEnds } = stage;
    return {
      ...{ seed, ...played, load: load.counts, crmFaults: crm.faults, ...judgement, ...left },
      ...{ takeovers, missedTakeovers, thaws, postsAfterThaw, ownEnds, stubborn, uncaught: set.uncaught() },
      ...{ seconds: seconds(), directory },
    };
  } finally {
    await set.close(keepsFiles);
  }
}

/** Waits until nothing is pending and no app has anything in memory that is not stored. */
async function drain(stage: Stage): Promise<{ readonly pending: number; readonly dead: number }> {
  const sinceMs = performance.now();
  for (;;) {
    const unsaved = await Promise.all(liveMachines(stage).map(({ app }) => unsavedAt(app)));
    const { pending, dead } = await stage.database.left();
    const left = unsaved.reduce((sum, count) => sum + count, pending);
    if (left === 0 || performance.now() - sinceMs > calmWithinMs) return { pending: left, dead };
    await pause(100);
  }
}

async function unsavedAt({ port }: App): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/unsaved`);
  return ((await response.json()) as { readonly unsaved: number }).unsaved;
}

/** Ends apps in an orderly way; answers how many did not. */
async function endApps(apps: readonly App[]): Promise<number> {
  for (const app of apps) app.kill('SIGTERM');
  const late = pause(endWithinMs, undefined, { ref: false });
  const ends = await Promise.all(apps.map((app) => Promise.race([app.ended, late])));
  return ends.filter((end) => end?.code !== 0).length;
}
