import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startContestant } from '../contestant.js';
import { keepRate } from '../load.js';
import type { Variant } from '../variants.js';

/** What there was at one moment of a long steady load. */
export interface SoakPoint {
  readonly atSeconds: number;
  readonly perSecond: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

const stepSeconds = 10;

/** Whether anything grows: the files, the memory. */
export async function soak(
  variant: Variant,
  perSecond: number,
  seconds: number,
  say: (line: string) => void,
): Promise<SoakPoint[]> {
  const contestant = await startContestant(variant, undefined);
  const points: SoakPoint[] = [];
  try {
    for (let atSeconds = stepSeconds; atSeconds <= seconds; atSeconds += stepSeconds) {
      const round = await contestant.round((port) => keepRate(port, perSecond, stepSeconds));
      await contestant.app.call('collectGarbage');
      await contestant.app.call('memory');
      const memoryBytes = (await contestant.app.call('memory')) as number;
      points.push({ atSeconds, perSecond: round.perSecond, fileBytes: sizeOf(contestant.outbox), memoryBytes });
      say(
        `${atSeconds} s: file ${sizeOf(contestant.outbox) >> 10} KB, memory ${memoryBytes >> 20} MB, lost ${round.lost}`,
      );
    }
  } finally {
    await contestant.stop();
  }
  return points;
}

function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
