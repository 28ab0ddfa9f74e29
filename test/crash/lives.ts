import { setTimeout as pause } from 'node:timers/promises';
import { readArrived } from './arrivals.js';
import { stallHoldMs, targetsOf, type AuditOptions } from './audit-options.js';
import { measureLateness } from './lateness.js';
import type { Load } from './load.js';
import { faultFiles } from './nuisances/file-faults.js';
import { stallApp } from './nuisances/stalls.js';
import { createBag, killAndRestart, type Stage } from './stage.js';
import { calmLifeMs, isDelivered } from './waits.js';

/** What an app lives through until it is killed. */
type Life = 'short' | 'stall' | 'fileFault' | 'calm';

/** While backlogs of before are delivered, at least and at most. */
const settleMs = 700;
const settleAtMostMs = 10_000;
/** Between two requests of a client: a load that delivery keeps up with on a busy machine, too. */
const betweenMs = 100;
/** A machine that is late for so much longer than the calm time has no time for it. */
const calmAtMostMs = 20_000;

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
  let life = 'short' as Life;
  // The next app is started for what it is to live through.
  const killApp = async (): Promise<void> => {
    life = nextLife();
    await killAndRestart(stage, place, life === 'stall' ? { HOLD_MS: String(stallHoldMs) } : {});
  };
  while (!isOver()) {
    if (life === 'short') {
      await pause(Math.random() * options.maxLifeMs);
      await quiet.disturb(killApp);
      continue;
    }
    await quiet.alone(async () => {
      if (isOver()) return;
      if (life === 'stall') await stallApp(stage, place);
      else if (life === 'fileFault') await faultFiles(stage, place);
      else await liveCalmly(stage);
      if (counts.kills < options.kills) await killApp();
      // It had to stand still only until there was something to lose.
      stage.crm.kill('SIGCONT');
    });
  }
}

/**
 * Nothing befalls anybody for so long that each good notification has to arrive: longer by what the machine is late, because
 * one that is stuck must be seen to wait for longer than that, too.
 */
async function liveCalmly({ load, calmTimes, options, apps, crm, journal }: Stage): Promise<void> {
  load.slowDown(betweenMs);
  await pause(settleMs);
  await settle(load, () => readArrived(journal, targetsOf(options)));
  const lateness = measureLateness([...apps.filter((app) => app !== undefined), crm]);
  const startAt = Date.now();
  const isLongEnough = (): boolean => Date.now() - startAt >= calmLifeMs(options) + lateness.lateMs();
  while (!isLongEnough() && Date.now() - startAt < calmAtMostMs) await pause(100);
  calmTimes.push({ startAt, endAt: Date.now(), lateMs: lateness.lateMs(), isDiscarded: !isLongEnough() });
  lateness.stop();
  load.resume();
}

/** Waits until what clients have seen succeed is delivered; not for ever, since that may be what is wrong. */
async function settle({ bookings }: Load, arrived: () => ReadonlySet<string>): Promise<void> {
  const beforeAt = Date.now();
  while (Date.now() - beforeAt < settleAtMostMs && !isDelivered(bookings, arrived(), beforeAt)) await pause(200);
}
