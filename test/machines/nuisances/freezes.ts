import { setTimeout as pause } from 'node:timers/promises';
import { leadingMachine, type Stage } from '../stage.js';
import { measureTakeover } from './takeover.js';

/** Between two looks of a process that does not lead; and then its own first post. */
const watchMs = 1_500;

/**
 * The leader is stopped for longer than its lease, with much to post, and goes on after another has taken over: it must not
 * post anything more.
 */
export async function freezeLeader(stage: Stage): Promise<void> {
  const { crm, random, database } = stage;
  const leader = await leadingMachine(stage);
  if (leader === undefined) return;
  const { app } = leader;
  // What it has begun to post is not answered, and more is waiting for that.
  if (random.next() < 0.5) crm.slow(200);
  await pause(300 + random.below(200));
  const takeover = measureTakeover(stage, leader, 'freeze');
  app.kill('SIGSTOP');
  crm.slow(0);
  const isTakenOver = await takeover;
  await pause(random.below(1_000));
  const next = await database.leader();
  let postCount = 0;
  const unwatch = crm.watch((token) => {
    if (token === app.token) postCount += 1;
  });
  app.kill('SIGCONT');
  await pause(watchMs);
  unwatch();
  // If the next one has lost its lease as well, this one may lead again.
  if (!isTakenOver || next === undefined || next.pid === app.pid || (await database.leader())?.id !== next.id) return;
  stage.thaws += 1;
  stage.postsAfterThaw += postCount;
}
