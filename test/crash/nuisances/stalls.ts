import { setTimeout as pause } from 'node:timers/promises';
import { stallHoldMs } from '../audit-options.js';
import type { Load } from '../load.js';
import type { Program } from '../program.js';
import type { Stage } from '../stage.js';

const burstCount = 30;
/** Long enough for requests to come in behind one another, and be read in one turn. */
const gatherMs = 60;
const answerWithinMs = 3_000;

/**
 * An app that stands still for longer than `holdMs`: its thread is busy, or all of it is stopped. Bookings come in before
 * and meanwhile. It is killed after that, often as soon as a client has seen one succeed: what was answered must be stored.
 */
export async function stallApp({ apps, load, counts, options, stallTimes }: Stage, place: number): Promise<void> {
  const app = apps[place];
  if (app === undefined) return;
  // Its outbox does answer; and there are open connections, because new ones are only read a turn later.
  await Promise.race([load.burst(app, 2 * burstCount, 1), pause(answerWithinMs)]);

  const stallMs = stallHoldMs * (1.25 + Math.random() * 0.5);
  const startAt = Date.now();
  const isBusy = Math.random() < 0.5;
  counts[isBusy ? 'busyLoops' : 'stops'] += 1;
  const isOver = isBusy ? beBusy(load, app, stallMs) : standStill(load, app, stallMs);
  await pause(stallMs / 2);
  // Either what was accepted before the stall is answered first, or what came in meanwhile.
  const isKilledAtOnce = Math.random() < 0.7;
  const killAfterCount = Math.random() < 0.5 ? 0 : Math.floor(Math.random() * burstCount * 2);
  const answered = new Promise<void>((resolve) => {
    load.onSuccess(app, isKilledAtOnce ? killAfterCount : 0, () => {
      if (isKilledAtOnce) app.kill('SIGKILL');
      resolve();
    });
  });
  await isOver;
  await Promise.race([answered, app.ended, pause(answerWithinMs)]);
  stallTimes.push({ startAt, endAt: Date.now() + 500 });
  if (!isKilledAtOnce) await pause(Math.random() * options.maxLifeMs);
}

/** Bookings before the busy loop and behind it, all of one turn. */
async function beBusy(load: Load, app: Program, stallMs: number): Promise<void> {
  void load.ask(app, `/stall/${gatherMs}`);
  await pause(gatherMs / 3);
  void load.burst(app, burstCount, 1);
  void load.ask(app, `/stall/${stallMs}`);
  void load.burst(app, burstCount, 1);
  await pause(gatherMs + stallMs);
}

/** Stopped, and told to go on. */
async function standStill(load: Load, app: Program, stallMs: number): Promise<void> {
  if (Math.random() < 0.5) void load.burst(app, burstCount, 1);
  app.kill('SIGSTOP');
  await pause(stallMs / 4);
  void load.burst(app, burstCount, 1);
  await pause((stallMs * 3) / 4);
  app.kill('SIGCONT');
}
