import { setTimeout as pause } from 'node:timers/promises';
import { post } from '../load.js';
import { drawFrom, type Stage } from '../stage.js';

/**
 * Ends the post office's thread of some app now and then, and waits until the next one has opened the outbox: while none has,
 * nobody can notice what befalls its files.
 */
export async function endThreads(stage: Stage): Promise<void> {
  while (!stage.isOver) {
    await pause(Math.random() * 400);
    await stage.quiet.disturb(async () => {
      const app = drawFrom(stage.apps);
      if (app === undefined || (await post(undefined, app.port, '/end-thread')) !== 200) return;
      stage.counts.threadEnds += 1;
      await post(undefined, app.port, '/next-thread');
    });
  }
}
