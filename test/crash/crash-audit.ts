import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readArrivals, type Arrivals, type Dead } from './arrivals.js';
import { patientHoldMs, targetsOf, type AuditOptions } from './audit-options.js';
import { readErrorLines } from './error-lines.js';
import { createFates, isPoison } from './fates.js';
import { createLives, killApps } from './lives.js';
import { startLoad, type LoadCounts } from './load.js';
import { clockAtStart, jumpClocks } from './nuisances/clock-jumps.js';
import { killCrm } from './nuisances/crm-kills.js';
import { fillDisk } from './nuisances/disk-full.js';
import { endThreads } from './nuisances/thread-ends.js';
import { startProgram, type Program } from './program.js';
import { createQuiet } from './quiet.js';
import { noNuisances, type Notice, type NuisanceCounts, type Stage } from './stage.js';
import { longestWait, type Wait } from './waits.js';

export interface AuditReport extends Arrivals, NuisanceCounts {
  readonly load: LoadCounts;
  /** Seen to succeed, and poison for the CRM until the end of the audit. */
  readonly poisonCount: number;
  readonly calmCount: number;
  /** Those of them in which the machine was so late that they say nothing. */
  readonly discardedCalmCount: number;
  /** How long a good notification waited at most while an app and the CRM were up. */
  readonly longestWait: Wait;
  /** How long each app took to notice a fault of its files. */
  readonly notices: readonly Notice[];
  /** The faults of the files that an app did not notice at all. */
  readonly unnoticed: readonly string[];
  /** ERRORs that say the outbox had not answered, when it was the app that stood still. */
  readonly falseBlames: number;
  /** How many of the lost were accepted around which fault of the files. */
  readonly lostAround: Readonly<Record<string, number>>;
  /** Not delivered two minutes after the last kill. */
  readonly pending: number;
  readonly seconds: number;
  readonly directory: string;
}

const maxStarts = 3;

/** Runs an audit; `say` gets a line now and then. It waits by the clock: random instants are what it is about. */
export async function auditCrashes(options: AuditOptions, say: (line: string) => void): Promise<AuditReport> {
  const directory = mkdtempSync(join(tmpdir(), 'crash-audit-'));
  const files = { journal: join(directory, 'journal'), refused: join(directory, 'refused') };
  const errors = join(directory, 'errors');
  for (const file of [...Object.values(files), errors]) writeFileSync(file, '');
  const counts = noNuisances();
  const startedAtMs = performance.now();
  const elapsedSeconds = (): number => Math.round((performance.now() - startedAtMs) / 1000);

  const startCrm = (environment: Readonly<Record<string, string>> = {}): Promise<Program> =>
    startProgram('crash-crm.mjs', {
      JOURNAL: files.journal,
      REFUSED: files.refused,
      ...(options.hasFaults ? { FAULTS: 'true' } : {}),
      ...(options.jumpsClock ? { UNSTEADY: 'true' } : {}),
      ...environment,
    });
  const crm = await startCrm();
  const outbox = join(directory, 'outbox');
  const startApp = async (environment: Readonly<Record<string, string>> = {}): Promise<Program> => {
    const all = {
      CRM_URL: `http://127.0.0.1:${crm.port}`,
      ...(options.hasTwoTargets ? { SALES_URL: `http://127.0.0.1:${crm.port}/sales` } : {}),
      ...(options.sendsBatches ? { BATCHES: 'true' } : {}),
      OUTBOX: outbox,
      THREAD: String(!options.isInline),
      HOLD_MS: String(patientHoldMs),
      ERRORS: errors,
      ...(options.package === undefined ? {} : { PACKAGE: options.package }),
      ...(options.jumpsClock ? clockAtStart() : {}),
      ...environment,
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await startProgram('crash-app.mjs', all);
      } catch (error) {
        counts.failedStarts += 1;
        if (attempt === maxStarts) throw error;
      }
    }
  };
  const apps: (Program | undefined)[] = [];
  for (let index = 0; index < options.processes; index += 1) apps.push(await startApp());
  const load = startLoad({ appOf: (client) => apps[client % apps.length], nextDestiny: createFates(options) });
  const stage: Stage = {
    ...{ options, directory, outbox, errors, load, counts, apps, crm, startApp, startCrm },
    journal: files.journal,
    quiet: createQuiet(),
    calmTimes: [],
    stallTimes: [],
    faultTimes: [],
    notices: [],
    unnoticed: [],
    isOver: false,
  };

  say(`${options.processes} app(s) under load, ${options.kills} kills to come`);
  const nuisances = [
    ...(options.killsCrm ? [killCrm(stage)] : []),
    ...(options.endsThread ? [endThreads(stage)] : []),
    ...(options.fillsDisk ? [fillDisk(stage)] : []),
    ...(options.jumpsClock ? [jumpClocks(stage)] : []),
  ];
  let saidAt = 0;
  const isOver = (): boolean => {
    if (counts.kills >= saidAt + 50) {
      saidAt = counts.kills;
      say(`${elapsedSeconds()} s: ${counts.kills} kills, ${load.counts.succeeded} bookings seen to succeed`);
    }
    return counts.kills >= options.kills || elapsedSeconds() >= options.maxSeconds;
  };
  try {
    const nextLife = createLives(options);
    await Promise.all(apps.map((_, place) => killApps(stage, place, nextLife, isOver)));
  } finally {
    stage.isOver = true;
    await Promise.all([load.stop(), ...nuisances]);
  }

  say(`${elapsedSeconds()} s: waiting for the rest to be delivered`);
  if (options.hasPoison) {
    stage.crm.kill('SIGKILL');
    await stage.crm.ended;
    stage.crm = await startCrm({ CRM_PORT: String(crm.port), LIFTED: 'true' });
  }
  const port = apps[0]?.port ?? 0;
  const pending = await drain(port);
  const dead = await ask<readonly Dead[]>(port, '/dead');
  const programs = [...apps, stage.crm].filter((program) => program !== undefined);
  for (const program of programs) program.kill('SIGTERM');
  await Promise.all(programs.map((program) => program.ended));

  const arrivals = readArrivals(files, load.bookings, dead, targetsOf(options));
  const falseBlames = countBlames(errors, stage);
  if (!options.keepsFiles) rmSync(directory, { recursive: true, force: true });
  const poison = [...load.bookings.values()].filter(({ fate }) => isPoison(fate));
  return {
    ...arrivals,
    ...counts,
    load: load.counts,
    poisonCount: poison.reduce((count, { seen }) => count + seen.size, 0),
    calmCount: stage.calmTimes.length,
    discardedCalmCount: stage.calmTimes.filter(({ isDiscarded }) => isDiscarded).length,
    longestWait: longestWait(load.bookings, arrivals.arrivedAt, stage.calmTimes),
    notices: stage.notices,
    unnoticed: stage.unnoticed,
    falseBlames,
    lostAround: countLostAround(arrivals.lost, stage),
    pending,
    seconds: elapsedSeconds(),
    directory,
  };
}

/** Waits until nothing is pending, for at most two minutes; answers how many still are. */
async function drain(port: number): Promise<number> {
  const sinceMs = performance.now();
  for (;;) {
    const { pending, unsaved } = await ask<{ pending: number; unsaved: number }>(port, '/stats');
    if (pending + unsaved === 0 || performance.now() - sinceMs > 120_000) return pending + unsaved;
    await pause(100);
  }
}

async function ask<Answer>(port: number, path: string): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return (await answer.json()) as Answer;
}

function countLostAround(lost: readonly string[], { faultTimes, load }: Stage): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of lost) {
    const [booking, step] = name.split('/').map(Number);
    const seenAt = load.bookings.get(booking ?? 0)?.seen.get(step ?? 0) ?? 0;
    const fault = faultTimes.find(({ startAt, endAt }) => startAt <= seenAt && seenAt <= endAt);
    if (fault !== undefined) counts[fault.name] = (counts[fault.name] ?? 0) + 1;
  }
  return counts;
}

/** How often an outbox was blamed while or right after its app stood still. */
function countBlames(errors: string, { stallTimes }: Stage): number {
  const blames = readErrorLines(errors).filter(({ message }) => message.includes('holdMs'));
  return blames.filter(({ at }) => stallTimes.some(({ startAt, endAt }) => startAt <= at && at <= endAt)).length;
}
