import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readArrivals, type Arrivals, type Dead } from './arrivals.js';
import { holdMsOf, type AuditOptions } from './audit-options.js';
import { createFates, isPoison } from './fates.js';
import { createLives, killApps } from './lives.js';
import { startLoad, type LoadCounts } from './load.js';
import { clockAtStart, jumpClocks } from './nuisances/clock-jumps.js';
import { killCrm } from './nuisances/crm-kills.js';
import { fillDisk } from './nuisances/disk-full.js';
import { endThreads } from './nuisances/thread-ends.js';
import { startProgram, type Program } from './program.js';
import { createQuiet } from './quiet.js';
import { noNuisances, type NuisanceCounts, type Stage } from './stage.js';
import { longestWaitMs } from './waits.js';

export interface AuditReport extends Arrivals, NuisanceCounts {
  readonly load: LoadCounts;
  /** Seen to succeed, and poison for the CRM until the end of the audit. */
  readonly poisonCount: number;
  readonly calmCount: number;
  /** How long a good notification waited at most while an app and the CRM were up. */
  readonly longestWaitMs: number;
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
      OUTBOX: outbox,
      THREAD: String(!options.isInline),
      HOLD_MS: String(holdMsOf(options)),
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
    ...{ options, directory, outbox, load, counts, apps, crm, startApp, startCrm },
    quiet: createQuiet(),
    calmTimes: [],
    stallTimes: [],
    faultTimes: [],
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

  const arrivals = readArrivals(files, load.bookings, dead);
  const falseBlames = countBlames(errors, stage);
  if (!options.keepsFiles) rmSync(directory, { recursive: true, force: true });
  const poison = [...load.bookings.values()].filter(({ fate }) => isPoison(fate));
  return {
    ...arrivals,
    ...counts,
    load: load.counts,
    poisonCount: poison.reduce((count, { seen }) => count + seen.size, 0),
    calmCount: stage.calmTimes.length,
    longestWaitMs: longestWaitMs(load.bookings, arrivals.arrivedAt, stage.calmTimes),
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
  if (!existsSync(errors)) return 0;
  const lines = readFileSync(errors, 'utf8').split('\n');
  const blames = lines.filter((line) => line.endsWith('}') && line.includes('holdMs'));
  return blames.filter((line) => {
    const { at } = JSON.parse(line) as { readonly at: number };
    return stallTimes.some(({ startAt, endAt }) => startAt <= at && at <= endAt);
  }).length;
}
