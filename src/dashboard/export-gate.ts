import type { DashboardResponse, StreamedResponse } from './response.js';
import { refusal } from './response.js';

/**
 * Lets a few exports run at once, because each has a page of its list in memory for as long as its client reads. One whose client
 * reads no more is ended, or a few of those would keep all others out.
 */
export type ExportGate = (begin: () => Promise<Export>) => Promise<DashboardResponse | StreamedResponse>;

export type Export = Omit<StreamedResponse, 'onEnd' | 'maxStallMs'>;

const maxAtOnce = 4;
/** Far longer than a network that works is silent. */
const usualMaxStallMs = 30_000;
const tooMany = refusal(503, 'busy', 'too many exports are under way; try again when one has ended', {
  'retry-after': '10',
});

export function createExportGate(maxStallMs = usualMaxStallMs): ExportGate {
  let running = 0;
  return async (begin) => {
    if (running >= maxAtOnce) return tooMany;
    running += 1;
    try {
      return {
        ...(await begin()),
        maxStallMs,
        onEnd() {
          running -= 1;
        },
      };
    } catch (error) {
      running -= 1;
      throw error;
    }
  };
}
