import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fillDead, fillDelivered, fillOutbox } from '../fill-outbox.js';
import { keepRate } from '../load.js';
import { median } from '../median.js';
import { startProgram } from '../program.js';

/** What it costs to look at a full outbox. */
export interface DashboardCosts {
  /** Of each: pending, dead, and delivered that are kept. */
  readonly count: number;
  readonly calls: readonly DashboardCall[];
  /** The app's own requests, by rounds. */
  readonly aloneP99Ms: readonly number[];
  readonly watchedP99Ms: readonly number[];
}

/** How long a request for a part of the page takes. */
export interface DashboardCall {
  readonly path: string;
  readonly medianMs: number;
  readonly maxMs: number;
}

export interface DashboardOptions {
  /** Of each: pending, dead, and delivered that are kept. */
  readonly count: number;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly rate: number;
  readonly say: (line: string) => void;
}

const paths = [
  '/crm/',
  '/crm/dashboard.js',
  '/crm/api/overview?range=hour',
  '/crm/api/overview?range=week',
  '/crm/api/pending?limit=50',
  '/crm/api/pending/count',
  '/crm/api/pending?limit=50&lane=booking:777',
  '/crm/api/pending?limit=50&search=nowhere',
  '/crm/api/pending/count?search=nowhere',
  '/crm/api/pending/count?attempts=none',
  '/crm/api/dead-letters?limit=50',
  '/crm/api/dead-letters?limit=50&before=50000',
  '/crm/api/dead-letters?limit=50&search=nowhere',
  '/crm/api/dead-letters/summary',
  '/crm/api/dead-letters/summary?status=422',
  '/crm/api/delivered?limit=50',
  '/crm/api/delivered?limit=50&search=nowhere',
  '/crm/api/delivered/count',
  '/crm/api/delivered/count?search=nowhere',
];

/** What a page asks for in each of its polls: the numbers, and the list that is open, narrowed down. */
const watched = [
  [
    '/crm/api/overview?range=hour',
    '/crm/api/pending?limit=50&type=booking_created',
    '/crm/api/pending/count?search=booking',
  ],
  ['/crm/api/overview?range=hour', '/crm/api/dead-letters?limit=50', '/crm/api/dead-letters/summary'],
  ['/crm/api/overview?range=hour', '/crm/api/delivered?limit=50', '/crm/api/delivered/count?search=booking'],
];

export async function measureDashboard(options: DashboardOptions): Promise<DashboardCosts> {
  const { count, rounds, secondsPerRound, rate, say } = options;
  const directory = mkdtempSync('/var/tmp/bench-');
  fillOutbox(join(directory, 'outbox'), count);
  fillDead(join(directory, 'outbox'), count);
  await fillDelivered(join(directory, 'outbox'), count);
  const app = await startProgram('app.mjs', { SENDER: 'with-dashboard', DIRECTORY: join(directory, 'outbox') });
  const get = async (path: string): Promise<number> => {
    const startedAtMs = performance.now();
    const response = await fetch(`http://127.0.0.1:${app.port}${path}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} responded ${response.status}`);
    return performance.now() - startedAtMs;
  };

  const calls: DashboardCall[] = [];
  for (const path of paths) {
    const times: number[] = [];
    // An overview is shared for half a second.
    for (let turn = 0; turn < 15; turn += 1) {
      times.push(await get(path));
      if (path.includes('overview')) await pause(510);
    }
    calls.push({ path, medianMs: median(times), maxMs: Math.max(...times) });
  }

  /** As long as `load` runs, as a page that shows one list after the other. */
  const watch = async (load: Promise<unknown>): Promise<void> => {
    const during = { isOver: false };
    void load.finally(() => {
      during.isOver = true;
    });
    for (let turn = 0; !during.isOver; turn += 1) {
      await Promise.all((watched[turn % watched.length] ?? []).map(get));
      await pause(1_500);
    }
  };
  const aloneP99Ms: number[] = [];
  const watchedP99Ms: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const p99s of round % 2 === 0 ? [aloneP99Ms, watchedP99Ms] : [watchedP99Ms, aloneP99Ms]) {
      const load = keepRate(app.port, rate, secondsPerRound);
      if (p99s === watchedP99Ms) await watch(load);
      const { p99Ms, failures } = await load;
      if (failures > 0) throw new Error(`${failures} requests failed`);
      p99s.push(p99Ms);
    }
    say(`${round + 1} of ${rounds}`);
  }
  await app.kill();
  rmSync(directory, { recursive: true, force: true });
  return { count, calls, aloneP99Ms, watchedP99Ms };
}
