import { measureLateness } from '../../crash/lateness.js';
import { liveMachines, waitFor, type LiveMachine, type Stage, type Takeover } from '../stage.js';

/** What is not taken over by then is not measured, but counted. */
const giveUpMs = 20_000;

/**
 * Measures from now on until another machine than the leader has the lease, and posts: what others post before that is of a
 * former leader. Resolves to whether one did.
 */
export async function measureTakeover(stage: Stage, leader: LiveMachine, after: Takeover['after']): Promise<boolean> {
  const { pid, token } = leader.app;
  const others = liveMachines(stage).filter((machine) => machine !== leader);
  const lateness = measureLateness(others.map(({ app }) => app));
  const sinceMs = performance.now();
  const next = await waitFor(giveUpMs, async () => {
    const found = await stage.database.leader();
    return found?.pid === pid ? undefined : found;
  });
  let hasPosted = false;
  const unwatch = stage.crm.watch((poster) => {
    hasPosted ||= poster !== token;
  });
  const isTakenOver = next !== undefined && (await waitFor(giveUpMs, () => hasPosted || undefined)) === true;
  unwatch();
  if (isTakenOver) stage.takeovers.push({ after, tookMs: performance.now() - sinceMs, lateMs: lateness.lateMs() });
  else stage.missedTakeovers += 1;
  lateness.stop();
  return isTakenOver;
}
