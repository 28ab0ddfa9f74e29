import { setTimeout as pause } from 'node:timers/promises';
import { holdMsOf } from '../audit-options.js';
import { post } from '../load.js';
import type { Stage } from '../stage.js';

const burstCount = 60;
const answerWithinMs = 3_000;

/**
 * An app that stands still for longer than `holdMs`: its thread is busy, or all of it is stopped. Bookings come in before
 * and meanwhile. It is killed after that, often as soon as a client has seen one succeed: what was answered must be stored.
 */
export async function stallApp({ apps, load, counts, options, stallTimes }: Stage, place: number): Promise<void> {
  const app = apps[place];
  if (app === undefined) return;
  const nextSuccess = (callback: () => void = () => undefined): Promise<unknown> =>
    Promise.race([
      app.ended,
      pause(answerWithinMs),
      new Promise<void>((resolve) => {
        load.onSuccess(app, () => {
          callback();
          resolve();
        });
      }),
    ]);

  // Its outbox does answer.
  await nextSuccess();
  const stallMs = holdMsOf(options) * (1.25 + Math.random() * 0.5);
  const startAt = Date.now();
  const isBusy = Math.random() < 0.5;
  if (Math.random() < 0.5) void load.burst(app, burstCount, 1);
  if (isBusy) void post(undefined, app.port, `/stall/${stallMs}`);
  else app.kill('SIGSTOP');
  counts[isBusy ? 'busyLoops' : 'stops'] += 1;
  if (Math.random() < 0.7) void load.burst(app, burstCount, 1);
  await pause(stallMs / 2);
  const isKilledAtOnce = Math.random() < 0.7;
  const answered = nextSuccess(() => {
    if (isKilledAtOnce) app.kill('SIGKILL');
  });
  await pause(stallMs / 2);
  if (!isBusy) app.kill('SIGCONT');
  await answered;
  stallTimes.push({ startAt, endAt: Date.now() + 500 });
  if (!isKilledAtOnce) await pause(Math.random() * options.maxLifeMs);
}
