import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readArrivals, type Arrivals } from './arrivals.js';
import { post, startLoad, type LoadCounts } from './load.js';
import { startProgram, type Program } from './program.js';

export interface AuditOptions {
  /** How often an app is killed with SIGKILL. */
  readonly kills: number;
  /** How long an app lives at most until it is killed, in milliseconds. */
  readonly maxLifeMs: number;
  /** How many apps share the outbox. */
  readonly processes: number;
  /** Whether the post office runs in the app's own thread. */
  readonly isInline: boolean;
  /** Whether the CRM is killed and started again, too. */
  readonly killsCrm: boolean;
  /** Whether the CRM resets connections, leaves some half open, is slow and answers 503. */
  readonly hasFaults: boolean;
  /** Whether the post office's thread is ended now and then. */
  readonly endsThread: boolean;
  /** Whether the disk is full now and then: no file of an app's may grow. */
  readonly fillsDisk: boolean;
  /** No more kills after so many seconds. */
  readonly maxSeconds: number;
  /** Whether to leave the files where they are. */
  readonly keepsFiles: boolean;
}

export interface AuditReport extends Arrivals {
  readonly load: LoadCounts;
  readonly kills: number;
  readonly crmKills: number;
  readonly threadEnds: number;
  readonly diskFills: number;
  /** Not delivered two minutes after the last kill. */
  readonly pending: number;
  readonly seconds: number;
  readonly directory: string;
}

/** Nothing lost, out of order or doubled, every request answered as it should be, and something was tried at all. */
export function isSound({ load, lost, outOfOrder, doubled, pending }: AuditReport): boolean {
  return load.succeeded > 0 && load.failed + lost.length + outOfOrder + doubled + pending === 0;
}

/** Runs an audit; `say` gets a line now and then. It waits by the clock: random instants are what it is about. */
export async function auditCrashes(options: AuditOptions, say: (line: string) => void): Promise<AuditReport> {
  const directory = mkdtempSync(join(tmpdir(), 'crash-audit-'));
  const journal = join(directory, 'journal');
  writeFileSync(journal, '');
  const counts = { kills: 0, crmKills: 0, threadEnds: 0, diskFills: 0 };
  const startedAtMs = performance.now();
  const elapsedSeconds = (): number => Math.round((performance.now() - startedAtMs) / 1000);
  const state = { isOver: false };

  const crmEnvironment = { JOURNAL: journal, ...(options.hasFaults ? { FAULTS: 'true' } : {}) };
  let crm = await startProgram('crash-crm.mjs', crmEnvironment);
  const crmPort = String(crm.port);
  const startApp = (): Promise<Program> =>
    startProgram('crash-app.mjs', {
      CRM_URL: `http://127.0.0.1:${crmPort}`,
      OUTBOX: join(directory, 'outbox'),
      THREAD: String(!options.isInline),
    });
  const apps: (Program | undefined)[] = [];
  for (let index = 0; index < options.processes; index += 1) apps.push(await startApp());
  const load = startLoad((client) => apps[client % apps.length]);

  const killApps = async (index: number): Promise<void> => {
    while (counts.kills < options.kills && elapsedSeconds() < options.maxSeconds) {
      await pause(Math.random() * options.maxLifeMs);
      const victim = apps[index];
      apps[index] = undefined;
      victim?.kill('SIGKILL');
      await victim?.ended;
      counts.kills += 1;
      if (counts.kills % 50 === 0) {
        say(`${elapsedSeconds()} s: ${counts.kills} kills, ${load.counts.succeeded} bookings seen to succeed`);
      }
      apps[index] = await startApp();
    }
  };

  const killCrm = async (): Promise<void> => {
    while (!state.isOver) {
      await pause(500 + Math.random() * 3000);
      crm.kill('SIGKILL');
      await crm.ended;
      counts.crmKills += 1;
      await pause(Math.random() * 500);
      crm = await startProgram('crash-crm.mjs', { ...crmEnvironment, CRM_PORT: crmPort });
    }
  };

  const endThreads = async (): Promise<void> => {
    while (!state.isOver) {
      await pause(Math.random() * 400);
      const app = apps[Math.floor(Math.random() * apps.length)];
      if (app !== undefined && (await post(undefined, app.port, '/end-thread')) === 200) counts.threadEnds += 1;
    }
  };

  const fillDisk = async (): Promise<void> => {
    while (!state.isOver) {
      await pause(Math.random() * 300);
      const app = apps[Math.floor(Math.random() * apps.length)];
      if (app === undefined) continue;
      if (limitFileSize(app, 4096)) counts.diskFills += 1;
      await pause(Math.random() * 400);
      limitFileSize(app, undefined);
    }
  };

  say(`${options.processes} app(s) under load, ${options.kills} kills to come`);
  const nuisances = [
    ...(options.killsCrm ? [killCrm()] : []),
    ...(options.endsThread ? [endThreads()] : []),
    ...(options.fillsDisk ? [fillDisk()] : []),
  ];
  try {
    await Promise.all(apps.map((_, index) => killApps(index)));
  } finally {
    state.isOver = true;
    await Promise.all([load.stop(), ...nuisances]);
  }

  say(`${elapsedSeconds()} s: waiting for the rest to be delivered`);
  const pending = await drain(apps[0]?.port ?? 0);
  const programs = [...apps, crm].filter((program) => program !== undefined);
  for (const program of programs) program.kill('SIGTERM');
  await Promise.all(programs.map((program) => program.ended));

  const arrivals = readArrivals(journal, load.seen);
  if (!options.keepsFiles) rmSync(directory, { recursive: true, force: true });
  return { ...arrivals, ...counts, load: load.counts, pending, seconds: elapsedSeconds(), directory };
}

/** Waits until nothing is pending, for at most two minutes; answers how many still are. */
async function drain(port: number): Promise<number> {
  const sinceMs = performance.now();
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/stats`);
    const { pending, unsaved } = (await answer.json()) as { pending: number; unsaved: number };
    if (pending + unsaved === 0 || performance.now() - sinceMs > 120_000) return pending + unsaved;
    await pause(100);
  }
}

/** To the app a disk that is full: writing beyond the limit fails. Answers whether the app was still there. */
function limitFileSize({ pid }: Program, bytes: number | undefined): boolean {
  try {
    execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes ?? 'unlimited'}:unlimited`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
