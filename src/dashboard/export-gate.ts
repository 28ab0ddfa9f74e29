import type { DashboardResponse, StreamedResponse } from './response.js';
import { refusal } from './response.js';

/** Lets a few exports run at once, because each has a page of its list in memory for as long as its client reads. */
export type ExportGate = (
  begin: () => Promise<Omit<StreamedResponse, 'onEnd'>>,
) => Promise<DashboardResponse | StreamedResponse>;

const maxAtOnce = 4;
const tooMany = refusal(503, 'busy', 'too many exports are under way; try again when one has ended', {
  'retry-after': '10',
});

export function createExportGate(): ExportGate {
  let running = 0;
  return async (begin) => {
    if (running >= maxAtOnce) return tooMany;
    running += 1;
    try {
      return {
        ...(await begin()),
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
