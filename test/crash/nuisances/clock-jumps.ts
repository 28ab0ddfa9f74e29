import { setTimeout as pause } from 'node:timers/promises';
import { post } from '../load.js';
import { drawFrom, type Stage } from '../stage.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far the wall clock may be from the real one: hours to a year, ahead and back, and 1970, as without a battery. */
function drawOffsetMs(): number {
  const offsets = [0, hourMs, 5 * hourMs, 4 * dayMs, 40 * dayMs, 365 * dayMs, -hourMs, -4 * dayMs, -365 * dayMs];
  return drawFrom([...offsets, dayMs - Date.now()]) ?? 0;
}

/** What an app's environment says of its clock at the start: half of the time it is right. */
export function clockAtStart(): Record<string, string> {
  return Math.random() < 0.5 ? {} : { CLOCK_OFFSET_MS: String(drawOffsetMs()) };
}

/** Sets the clock of some app now and then. */
export async function jumpClocks(stage: Stage): Promise<void> {
  while (!stage.isOver) {
    await pause(Math.random() * 250);
    const app = drawFrom(stage.apps);
    if (app !== undefined && (await post(undefined, app.port, `/clock/${drawOffsetMs()}`)) === 200) {
      stage.counts.clockJumps += 1;
    }
  }
}
