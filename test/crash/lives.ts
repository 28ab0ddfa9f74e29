import { setTimeout as pause } from 'node:timers/promises';
import type { AuditOptions } from './audit-options.js';
import { faultFiles } from './nuisances/file-faults.js';
import { stallApp } from './nuisances/stalls.js';
import { createBag, killAndRestart, type Stage } from './stage.js';
import { calmLifeMs } from './waits.js';

/** What an app lives through until it is killed. */
type Life = 'short' | 'stall' | 'fileFault' | 'calm';

/** While backlogs of before are delivered. */
const settleMs = 700;
/** Between two requests of a client: a load that delivery keeps up with on any machine. */
const betweenMs = 40;

/** Most lives are short; where there is much else to try, three of four. */
export function createLives({ stallsApp, faultsFiles, hasPoison }: AuditOptions): () => Life {
  const special: Life[] = [];
  if (stallsApp) special.push('stall', 'stall');
  if (faultsFiles) special.push('fileFault', 'fileFault');
  if (hasPoison) special.push('calm');
  const shortCount = Math.ceil(special.length * (special.length > 2 ? 3 : 1.4));
  const short = Array.from({ length: shortCount }, (): Life => 'short');
  const draw = createBag([...short, ...special]);
  return () => draw() ?? 'short';
}

/** Lets an app live, kills it and starts it again, as often as is asked for. */
export async function killApps(
  stage: Stage,
  place: number,
  nextLife: () => Life,
  isOver: () => boolean,
): Promise<void> {
  const { options, quiet, counts } = stage;
  while (!isOver()) {
    const life = nextLife();
    if (life === 'short') {
      await pause(Math.random() * options.maxLifeMs);
      await quiet.disturb(() => killAndRestart(stage, place));
      continue;
    }
    await quiet.alone(async () => {
      if (isOver()) return;
      if (life === 'stall') await stallApp(stage, place);
      else if (life === 'fileFault') await faultFiles(stage, place);
      else await liveCalmly(stage);
      if (counts.kills < options.kills) await killAndRestart(stage, place);
      // It had to stand still only until there was something to lose.
      stage.crm.kill('SIGCONT');
    });
  }
}

/** Nothing befalls anybody for so long that each good notification has to arrive. */
async function liveCalmly({ load, calmTimes, options }: Stage): Promise<void> {
  load.slowDown(betweenMs);
  await pause(settleMs);
  const startAt = Date.now();
  await pause(calmLifeMs(options));
  calmTimes.push({ startAt, endAt: Date.now() });
  load.resume();
}
