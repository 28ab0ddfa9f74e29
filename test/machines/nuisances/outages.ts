import { setTimeout as pause } from 'node:timers/promises';
import type { Machine } from '../machine.js';
import type { Stage } from '../stage.js';

const startTries = 20;

/** The server drops everything and is started again, as after a crash. */
export async function stopServer({ server, random }: Stage): Promise<void> {
  await pause(random.below(300));
  await server.stop('immediate');
  await pause(random.below(1_500));
  for (let triesLeft = startTries; ; triesLeft -= 1) {
    try {
      await server.start();
      break;
    } catch (error) {
      // While it was away, somebody's connection may have got its port.
      if (triesLeft === 0) throw error;
      await pause(500);
    }
  }
  await pause(random.below(1_000));
}

/** Resets all connections to the server, now and again. */
export async function cutNetworks(stage: Stage): Promise<void> {
  for (let times = 1 + stage.random.below(4); times > 0; times -= 1) {
    for (const { network } of someMachines(stage)) network.cut();
    await pause(stage.random.below(400));
  }
}

/** Nothing goes through and nothing ends: for less than what waits for an answer, or for more. */
export async function silenceNetworks(stage: Stage): Promise<void> {
  const silenced = someMachines(stage);
  for (const { network } of silenced) network.silence();
  await pause(300 + stage.random.below(stage.random.next() < 0.7 ? 2_500 : 10_000));
  for (const { network } of silenced) network.restore();
  await pause(stage.random.below(500));
}

/** The CRM is gone for a while. */
export async function stopCrm({ crm, random }: Stage): Promise<void> {
  await pause(random.below(300));
  await crm.down();
  await pause(200 + random.below(1_500));
  await crm.up();
  await pause(random.below(500));
}

/** All of them, or any one. */
function someMachines({ machines, random }: Stage): readonly Machine[] {
  return random.next() < 0.5 ? machines : [random.pick(machines)];
}
