import type { LaneName, RowReader } from './read-rows.js';
import type { RowWindow } from './window.js';

/** Looks for the lanes whose head waited and is due now, and for what somebody wants to be tried at once. */
export interface DueLanes {
  /** Finds nothing before something can be due. */
  find(nowMs: number): Promise<FoundLanes>;
  /** How long until something may be due. */
  inMs(nowMs: number): number;
  /** A head begins to wait for so long. */
  onWaiting(waitMs: number, nowMs: number): void;
  /** Something may be due. */
  startOver(): void;
}

export interface FoundLanes {
  /** Each once. */
  readonly lanes: readonly LaneName[];
  readonly wantedIds: readonly string[];
}

export interface DueLanesOptions {
  readonly reader: Pick<RowReader, 'readDueLanes' | 'takeWanted'>;
  readonly window: Pick<RowWindow, 'dueIds'>;
  readonly hasRoom: () => boolean;
  readonly maxLanes: number;
}

const lookEveryMs = 1_000;
const nothing: FoundLanes = { lanes: [], wantedIds: [] };

/** Instants are on the monotonic clock. */
export function createDueLanes({ reader, window, hasRoom, maxLanes }: DueLanesOptions): DueLanes {
  let dueAtMs = 0;
  return {
    async find(nowMs) {
      if (nowMs < dueAtMs) return nothing;
      // What somebody wants is looked for though the window is full, as it is while the target cannot be reached.
      const limit = hasRoom() ? maxLanes : 0;
      const { lanes, nextInMs = Infinity, hasWanted } = await reader.readDueLanes(window.dueIds(), limit);
      const isMore = limit > 0 && lanes.length === limit;
      dueAtMs = nowMs + (limit === 0 ? lookEveryMs : Math.max(1, isMore ? 0 : Math.min(nextInMs, lookEveryMs)));
      if (!hasWanted) return { lanes, wantedIds: [] };
      const wanted = await reader.takeWanted();
      const known = new Set(lanes.map(({ lane }) => lane));
      return {
        lanes: [...lanes, ...wanted.filter(({ lane }) => !known.has(lane))],
        wantedIds: wanted.map(({ id }) => id),
      };
    },
    inMs: (nowMs) => dueAtMs - nowMs,
    onWaiting(waitMs, nowMs) {
      dueAtMs = Math.min(dueAtMs, nowMs + waitMs);
    },
    startOver() {
      dueAtMs = 0;
    },
  };
}
