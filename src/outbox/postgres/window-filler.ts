import type { CancelTimer, Clock } from '../../core/clock.js';
import type { PendingNotification } from '../outbox.js';
import { createDueLanes } from './due-lanes.js';
import type { PendingRow, ReadNewRows, RowReader, Sight } from './read-rows.js';
import type { RowWindow } from './window.js';

/** Keeps the window full while this process leads: one statement after the other, so that each sees what the ones before led to. */
export interface WindowFiller {
  /** Starts over with an empty window. */
  start(): void;
  stop(): void;
  /** There may be something new. */
  readSoon(): void;
  /** There may be room again, or a lane to read on in. */
  onRoom(): void;
  /** A head begins to wait for so long. */
  onWaiting(waitMs: number): void;
  /** Reads everything again that is in the table and not in the window. */
  readAllSoon(): void;
  /** Reads once from now on. Resolves to whether that found anything, or there is more than the window holds. */
  readNow(): Promise<boolean>;
  /** What the table shows while this runs may be older than what was settled meanwhile; see `afterReading`. */
  readonly isReading: boolean;
  /** Calls back once nothing that began before is being read. */
  afterReading(callback: () => void): void;
}

export interface WindowFillerOptions {
  readonly reader: RowReader;
  readonly window: RowWindow;
  readonly clock: Clock;
  /** The window is not filled beyond this. @default 4_096 */
  readonly maxRows?: number | undefined;
  /** How long until it looks by itself. */
  readonly pollMs: () => number;
  readonly onArrived: (arrived: readonly PendingNotification[]) => void;
  /** Somebody wants these to be tried at once. Called after `onArrived`. */
  readonly onWanted: (ids: readonly string[]) => void;
  readonly onFailure: (error: unknown) => void;
  readonly onSuccess: () => void;
  /** The server was restarted, or another took its place: what was read before is worth nothing. */
  readonly onServerRestart: () => void;
  /** Whether a row that was just read has been settled since the reading began. */
  readonly isSettled: (row: PendingRow) => boolean;
}

/** Half of a second's worth of deliveries, so that a round trip is hidden. */
const usualMaxRows = 4_096;
const maxBytes = 16 * 1024 * 1024;
const pageSize = 1_000;
const maxLanesAtOnce = 128;
/** What comes within this time is read together. */
const minIntervalMs = 2;
const retryMs = 1_000;
/** For what nothing else finds, such as a lane whose waiting head somebody else has settled. */
const readAllEveryMs = 20_000;
/** Reading everything may take up a fiftieth of the time. */
const readAllRest = 50;

/**
 * Where to begin reading everything again: as of this sight nothing was there up to this row, so what is there now was committed
 * later and is found as late. So dead rows are not passed again and again, however long the server cannot remove them.
 */
type Beginning = Pick<ReadNewRows, 'after' | 'sight'>;

const firstBeginning: Beginning = { after: 0, sight: undefined };

export function createWindowFiller(options: WindowFillerOptions): WindowFiller {
  const { reader, window, clock, pollMs, onArrived, onFailure, onSuccess, isSettled } = options;
  const { maxRows = usualMaxRows } = options;
  let isRunning = false;
  /** Counts starts and stops: what was read for an earlier one is dropped. */
  let run = 0;
  let after = 0;
  let sight: Sight | undefined;
  let isAll = false;
  let beginning = firstBeginning;
  let isWanted = false;
  let reading: Promise<boolean> | undefined;
  let readingWaiters: (() => void)[] = [];
  let startedAtMs = -Infinity;
  let isAllWanted = false;
  let readAllAtMs = 0;
  /** When everything began to be read, until it is. */
  let allStartedAtMs: number | undefined;
  let cancelTimer: CancelTimer | undefined;
  let failedAtMs = -Infinity;

  const hasRoom = (): boolean => window.size < maxRows && window.bytes < maxBytes;
  const due = createDueLanes({ reader, window, hasRoom, maxLanes: maxLanesAtOnce });
  const hasMuchRoom = (): boolean => window.size < maxRows / 2 && window.bytes < maxBytes / 2;

  /** `isAgain`: reads everything again, from here on. */
  const readRows = async (isAgain: boolean): Promise<boolean> => {
    const ownRun = run;
    const readTo = after;
    if (isAgain) ({ after, sight } = beginning);
    const limit = Math.min(pageSize, maxRows - window.size + 1);
    const found = await reader.readNew({ after, sight, limit, nothingUpTo: beginning.after });
    if (run !== ownRun) return false;
    if (sight !== undefined && sight.serverStart !== found.sight.serverStart) {
      options.onServerRestart();
      return true;
    }
    ({ sight, isAll } = found);
    after = isAll ? Math.max(found.after, readTo) : found.after;
    const before = found.first === undefined ? readTo : found.first - 1;
    if (isAgain) beginning = { after: before, sight };
    // Of those that are found late, others of their lanes may still be left out.
    else if (before < beginning.after) beginning = { ...beginning, after: before };
    return arrived(window.add(found.rows.filter((row) => !isSettled(row)))) || !isAll;
  };

  /** Lanes of which more is in the table, and lanes that are due or wanted. */
  const readLanes = async (nowMs: number): Promise<boolean> => {
    const ownRun = run;
    const { lanes: found, wantedIds } = await due.find(nowMs);
    const lanes = [
      ...window.lanesToRead().slice(0, maxLanesAtOnce),
      ...found.map(({ target, lane }) => ({ target, lane, after: 0 })),
    ];
    if (lanes.length === 0 || run !== ownRun) return false;
    const rows = await reader.readLanes(lanes);
    if (run !== ownRun) return false;
    const hasNew = arrived(
      window.addLanes(
        lanes,
        rows.filter((row) => !isSettled(row)),
      ),
    );
    if (wantedIds.length > 0) options.onWanted(wantedIds);
    return hasNew;
  };

  const arrived = (rows: readonly PendingNotification[]): boolean => {
    if (rows.length > 0) onArrived(rows);
    return rows.length > 0;
  };

  const read = async (): Promise<boolean> => {
    isWanted = false;
    const nowMs = clock.monotonicMs();
    startedAtMs = nowMs;
    try {
      const isAgain = isAll && (isAllWanted || nowMs >= readAllAtMs) && hasRoom();
      if (isAgain) {
        isAllWanted = false;
        allStartedAtMs = nowMs;
      }
      const hasNew = hasRoom() ? await readRows(isAgain) : true;
      if (isAll && allStartedAtMs !== undefined) {
        const readMs = clock.monotonicMs();
        readAllAtMs = readMs + Math.max(readAllEveryMs, (readMs - allStartedAtMs) * readAllRest);
        allStartedAtMs = undefined;
      }
      const hasLanes = isRunning && (await readLanes(nowMs));
      onSuccess();
      return hasNew || hasLanes;
    } catch (error) {
      failedAtMs = clock.monotonicMs();
      if (isRunning) onFailure(error);
      return false;
    }
  };

  const startReading = (): Promise<boolean> => {
    cancelTimer?.();
    cancelTimer = undefined;
    reading ??= read().finally(() => {
      reading = undefined;
      const waiters = readingWaiters;
      readingWaiters = [];
      for (const callback of waiters) callback();
      schedule();
    });
    return reading;
  };

  const schedule = (): void => {
    if (!isRunning || reading !== undefined) return;
    cancelTimer?.();
    const nowMs = clock.monotonicMs();
    const isMore = isWanted || window.lanesToRead().length > 0 || (!isAll && hasMuchRoom());
    const nextDueMs = hasRoom() ? due.inMs(nowMs) : Infinity;
    const wantedMs = isMore ? minIntervalMs - (nowMs - startedAtMs) : Math.min(pollMs(), nextDueMs);
    const waitMs = Math.max(wantedMs, retryMs - (nowMs - failedAtMs));
    // A timer would take a millisecond at least.
    if (isWanted && waitMs <= 0) void startReading();
    else cancelTimer = clock.after(Math.max(0, waitMs), () => void startReading());
  };

  return {
    get isReading() {
      return reading !== undefined;
    },

    start() {
      isRunning = true;
      run += 1;
      window.clear();
      ({ after, sight } = firstBeginning);
      beginning = firstBeginning;
      isAll = false;
      due.startOver();
      readAllAtMs = clock.monotonicMs() + readAllEveryMs;
      void startReading();
    },

    stop() {
      isRunning = false;
      run += 1;
      cancelTimer?.();
      cancelTimer = undefined;
    },

    readSoon() {
      if (isWanted) return;
      isWanted = true;
      schedule();
    },

    onRoom: schedule,

    onWaiting(waitMs) {
      due.onWaiting(waitMs, clock.monotonicMs());
      schedule();
    },

    readAllSoon() {
      isAllWanted = true;
      schedule();
    },

    async readNow() {
      // One under way may have begun too early.
      await reading;
      return isRunning ? startReading() : false;
    },

    afterReading(callback) {
      if (reading === undefined) callback();
      else readingWaiters.push(callback);
    },
  };
}
