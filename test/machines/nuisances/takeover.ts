import { measureLateness } from '../../crash/lateness.js';
import { createDeferred } from '../../helpers/deferred.js';
import { liveMachines, type LiveMachine, type Stage, type Takeover } from '../stage.js';

/** What is not taken over by then is not measured, but counted. */
const giveUpMs = 20_000;

/** Measures from now on until another machine than the leader posts. Resolves to whether one did. */
export async function measureTakeover(stage: Stage, leader: LiveMachine, after: Takeover['after']): Promise<boolean> {
  const others = liveMachines(stage).filter((machine) => machine !== leader);
  const lateness = measureLateness(others.map(({ app }) => app));
  const sinceMs = performance.now();
  const posted = createDeferred<boolean>();
  const { token } = leader.app;
  const unwatch = stage.crm.watch((poster) => {
    if (poster !== token) posted.resolve(true);
  });
  const timer = setTimeout(() => {
    posted.resolve(false);
  }, giveUpMs);
  const isTakenOver = await posted.promise;
  clearTimeout(timer);
  unwatch();
  if (isTakenOver) stage.takeovers.push({ after, tookMs: performance.now() - sinceMs, lateMs: lateness.lateMs() });
  else stage.missedTakeovers += 1;
  lateness.stop();
  return isTakenOver;
}
