import { setTimeout as pause } from 'node:timers/promises';
import { leadingMachine, liveMachines, type Stage } from '../stage.js';

/**
 * Gives the lease to another under a leader that still believes it leads: until it renews the lease, or, when it hears nothing
 * of the server, until the lease has passed by its own clock.
 */
export async function makeTwoLeaders(stage: Stage): Promise<void> {
  const { random, database } = stage;
  const leader = await leadingMachine(stage);
  if (leader === undefined) return;
  const isDeaf = random.next() < 0.5;
  if (isDeaf) leader.network.silence();
  const pids = liveMachines(stage).map(({ app }) => app.pid);
  await database.moveLease(pids);
  await pause(isDeaf ? 2_500 + random.below(1_500) : 500 + random.below(1_000));
  leader.network.restore();
}
