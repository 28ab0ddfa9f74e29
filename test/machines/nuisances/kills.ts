import { setTimeout as pause } from 'node:timers/promises';
import type { DoomPoint, Machine } from '../machine.js';
import { leadingMachine, liveMachines, type LiveMachine, type Stage } from '../stage.js';
import { measureTakeover } from './takeover.js';

const maxLifeMs = 500;
/** While the database is away, no transaction comes to its point. */
const doomWithinMs = 2_000;

/** Kills an app with SIGKILL at a random instant. */
export async function killAtRandom(stage: Stage): Promise<void> {
  await pause(stage.random.below(maxLifeMs));
  const machine = stage.random.pick(liveMachines(stage));
  machine.app.kill('SIGKILL');
  await replace(stage, machine);
}

/** Lets an app kill itself where a transaction is at a certain point, whatever its other transactions are at. */
export const killAt =
  (point: DoomPoint) =>
  async (stage: Stage): Promise<void> => {
    await pause(stage.random.below(maxLifeMs));
    const machine = stage.random.pick(liveMachines(stage));
    const { app } = machine;
    app.doomAt(point);
    const tooLate = AbortSignal.timeout(doomWithinMs);
    const kill = (): void => {
      app.kill('SIGKILL');
    };
    tooLate.addEventListener('abort', kill);
    await app.ended;
    tooLate.removeEventListener('abort', kill);
    await replace(stage, machine);
  };

/** Kills the leader, and measures until another machine posts. */
export async function killLeader(stage: Stage): Promise<void> {
  const leader = await leadingMachine(stage);
  if (leader === undefined) return;
  await pause(stage.random.below(maxLifeMs));
  const takeover = measureTakeover(stage, leader, 'kill');
  leader.app.kill('SIGKILL');
  const { app } = leader;
  (leader as Machine).app = undefined;
  await app.ended;
  await takeover;
  await stage.restart(leader);
}

/** For a moment the machine has none. */
async function replace(stage: Stage, machine: LiveMachine): Promise<void> {
  const { app } = machine;
  (machine as Machine).app = undefined;
  await app.ended;
  await pause(stage.random.below(200));
  await stage.restart(machine);
}
