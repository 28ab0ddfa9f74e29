import { hostname } from 'node:os';
import { minutesKeptMs, type History, type MinuteCounts, type OwnReport } from '../../src/history/history.js';

const minuteMs = 60_000;
/** The beginning of the minute of now. */
const thisMinute = Date.now() - (Date.now() % minuteMs);

export const ownReport: OwnReport = { startedAt: Date.now() - 5_000, leadsSince: null, targets: {} };

export function countsOf(given: Partial<MinuteCounts>): MinuteCounts {
  return { startAt: thisMinute, target: 'crm', accepted: 0, delivered: 0, retried: 0, dead: 0, ...given };
}

/** What every history promises of counts, and of the process that reports. */
export function historyContract(open: () => Promise<History>): void {
  let history: History;
  beforeEach(async () => {
    history = await open();
  });
  afterEach(() => history.close());

  it('is empty at first', async () => {
    expect(await history.processes()).toEqual([]);
    expect(await history.minutes(0)).toEqual([]);
  });

  it('has the process that reports, with what it knows of the targets, until it is closed', async () => {
    const pause = { cause: { kind: 'unreachable', code: 'ECONNREFUSED' }, since: 1_700_000_000_000 } as const;
    await history.report({ process: ownReport, minutes: [] });
    const self = { id: expect.any(String), name: hostname(), pid: process.pid };
    expect(await history.processes()).toMatchObject([{ ...self, targets: {} }]);
    const targets = { crm: { circuit: 'open', pause }, sales: { circuit: 'closed', pause: null } } as const;
    await history.report({ process: { ...ownReport, targets }, minutes: [] });
    expect(await history.processes()).toMatchObject([{ ...self, targets, seenAt: expect.any(Number) }]);
    await history.close();
    expect(await history.processes()).toEqual([]);
  });

  it('adds up what is reported of a minute, each target by itself, and returns it from an instant on', async () => {
    const earlier = thisMinute - 2 * minuteMs;
    const minutes = [
      countsOf({ startAt: earlier, delivered: 5 }),
      countsOf({ accepted: 3, delivered: 2, retried: 1, dead: 1 }),
      countsOf({ target: 'sales', delivered: 7 }),
    ];
    await history.report({ process: ownReport, minutes });
    await history.report({ process: ownReport, minutes: [countsOf({ accepted: 1, delivered: 1 })] });
    const now = [countsOf({ accepted: 4, delivered: 3, retried: 1, dead: 1 }), minutes[2]];
    expect(await history.minutes(earlier)).toEqual([minutes[0], ...now]);
    expect(await history.minutes(earlier + 1)).toEqual(now);
  });

  it('drops what is older than a week', async () => {
    await history.report({
      process: ownReport,
      minutes: [countsOf({ startAt: thisMinute - minutesKeptMs - minuteMs })],
    });
    await history.report({ process: ownReport, minutes: [countsOf({ accepted: 1 })] });
    expect(await history.minutes(0)).toEqual([countsOf({ accepted: 1 })]);
  });

  it('keeps the latest change by hand of each target and of all, in the order in which they were made', async () => {
    expect(await history.pauseChanges()).toEqual([]);
    await history.changePause({ target: 'sales', isPaused: true, by: 'ada' });
    await history.changePause({ target: null, isPaused: true, by: null });
    await history.changePause({ target: 'sales', isPaused: false, by: "b'ob" });
    const at = expect.any(Number) as number;
    const changes = [
      { target: null, isPaused: true, by: null, at },
      { target: 'sales', isPaused: false, by: "b'ob", at },
    ];
    expect(await history.pauseChanges()).toEqual(changes);
    await history.report({ process: ownReport, minutes: [] });
    await history.changePause({ target: null, isPaused: false, by: 'ada' });
    expect(await history.pauseChanges()).toEqual([changes[1], { ...changes[0], isPaused: false, by: 'ada' }]);
    expect(Math.abs((await history.pauseChanges())[0]!.at - Date.now())).toBeLessThan(60_000);
  });
}
