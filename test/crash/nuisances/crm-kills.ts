import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from '../stage.js';

/** Kills the CRM now and then, and starts it again. */
export async function killCrm(stage: Stage): Promise<void> {
  while (!stage.isOver) {
    await pause(500 + Math.random() * 3000);
    await stage.quiet.disturb(async () => {
      stage.crm.kill('SIGKILL');
      await stage.crm.ended;
      stage.counts.crmKills += 1;
      await pause(Math.random() * 500);
      stage.crm = await stage.startCrm({ CRM_PORT: String(stage.crm.port) });
    });
  }
}
