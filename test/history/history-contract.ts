import { hostname } from 'node:os';
import {
  firstKept,
  latestKept,
  minutesKeptMs,
  type History,
  type HistoryReport,
  type MinuteCounts,
  type NewlyDelivered,
  type OwnReport,
  type TimelineEntry,
} from '../../src/history/history.js';

const minuteMs = 60_000;
/** The beginning of the minute of now. */
const thisMinute = Date.now() - (Date.now() % minuteMs);

export const ownReport: OwnReport = { startedAt: Date.now() - 5_000, leadsSince: null, targets: {} };

export function countsOf(given: Partial<MinuteCounts>): MinuteCounts {
  return { startAt: thisMinute, target: 'crm', accepted: 0, delivered: 0, retried: 0, dead: 0, ...given };
}

/** A report of nothing but that the process is there, and what is given. */
export function reportOf(given: Partial<HistoryReport>): HistoryReport {
  return { process: ownReport, minutes: [], types: [], entries: [], delivered: [], ...given };
}

const someId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';
const startedAt = Date.now() - 60_000;

function entryOf(given: Partial<TimelineEntry>): TimelineEntry {
  const at = given.at ?? startedAt;
  const about = { id: someId, target: 'crm', type: 'booking_created', lane: 'booking:1%\u0001', attempts: 1 };
  const nothing = { status: null, code: null, durationMs: 1.5, detail: '', by: null };
  return { kind: 'retry', at, lastAt: at, count: 1, ...about, ...nothing, ...given };
}

export function deliveredOf(given: Partial<NewlyDelivered>): NewlyDelivered {
  const about = { id: someId, target: 'crm', type: 'booking_created', lane: 'booking:1', attempts: 1, status: 200 };
  return { ...about, acceptedAt: startedAt, deliveredAt: startedAt + 10, durationMs: 2.5, ...given };
}

/** The histories of the contract keep so many delivered notifications, for so long. */
export const keptDelivered = { count: 5, ms: 3_600_000 };

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
    await history.report(reportOf({}));
    const self = { id: expect.any(String), name: hostname(), pid: process.pid };
    expect(await history.processes()).toMatchObject([{ ...self, targets: {} }]);
    const targets = { crm: { circuit: 'open', pause }, sales: { circuit: 'closed', pause: null } } as const;
    await history.report(reportOf({ process: { ...ownReport, targets } }));
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
    await history.report(reportOf({ minutes }));
    await history.report(reportOf({ minutes: [countsOf({ accepted: 1, delivered: 1 })] }));
    const now = [countsOf({ accepted: 4, delivered: 3, retried: 1, dead: 1 }), minutes[2]];
    expect(await history.minutes(earlier)).toEqual([minutes[0], ...now]);
    expect(await history.minutes(earlier + 1)).toEqual(now);
  });

  it('drops what is older than a week', async () => {
    await history.report(reportOf({ minutes: [countsOf({ startAt: thisMinute - minutesKeptMs - minuteMs })] }));
    await history.report(reportOf({ minutes: [countsOf({ accepted: 1 })] }));
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
    await history.report(reportOf({}));
    await history.changePause({ target: null, isPaused: false, by: 'ada' });
    expect(await history.pauseChanges()).toEqual([changes[1], { ...changes[0], isPaused: false, by: 'ada' }]);
    expect(Math.abs((await history.pauseChanges())[0]!.at - Date.now())).toBeLessThan(60_000);
  });

  it('has what happened to a notification in its order, as it was reported, and what concerned all since an instant', async () => {
    const entries = [
      entryOf({ status: 503, attempts: 1 }),
      entryOf({ id: '', kind: 'paused', code: 'ECONNREFUSED', attempts: 0, at: startedAt + 1 }),
      entryOf({
        kind: 'dead',
        status: 422,
        code: 'rejected',
        detail: 'no such “user” \0',
        attempts: 2,
        at: startedAt + 2,
      }),
      entryOf({ id: 'another', at: startedAt + 3 }),
    ];
    await history.report(reportOf({ entries }));
    const redelivered = entryOf({ kind: 'redelivered', by: 'ada', durationMs: null, at: startedAt + 4 });
    await history.record([redelivered]);
    await history.report(reportOf({ delivered: [deliveredOf({ attempts: 3 })] }));
    const kept = await history.timeline(someId, startedAt);
    const [failed, paused, dead] = entries;
    const own = kept.entries.filter(({ id }) => id !== '');
    expect(own).toEqual([failed, { ...dead, detail: expect.stringMatching(/^no such “user” .$/) }, redelivered]);
    expect(kept.entries.filter(({ id }) => id === '')).toEqual([paused]);
    expect(kept.delivered).toEqual([{ ...deliveredOf({ attempts: 3 }), position: expect.any(Number) }]);
    expect((await history.timeline(someId, startedAt + 2)).entries).toHaveLength(3);
    expect((await history.timeline('unknown', startedAt + 2)).entries).toEqual([]);
  });

  it('has the probes of an outage as one entry, until something else happens', async () => {
    const probe = (after: number) => entryOf({ kind: 'unsent', code: 'ECONNREFUSED', at: startedAt + after });
    await history.report(reportOf({ entries: [probe(1)] }));
    await history.report(reportOf({ entries: [probe(2)] }));
    await history.report(reportOf({ entries: [entryOf({ at: startedAt + 3, status: 503 }), probe(4)] }));
    const { entries } = await history.timeline(someId, 0);
    expect(entries).toMatchObject([
      { kind: 'unsent', count: 2, at: startedAt + 1, lastAt: startedAt + 2 },
      { kind: 'retry', count: 1 },
      { kind: 'unsent', count: 1, at: startedAt + 4 },
    ]);
  });

  it('keeps of many attempts of one notification the first and the latest', async () => {
    for (let attempts = 1; attempts <= 80; attempts += 1) {
      await history.record([entryOf({ attempts, at: startedAt + attempts }), entryOf({ id: 'another', attempts: 1 })]);
    }
    const { entries } = await history.timeline(someId, 0);
    // Of what is written at once, one more may be there.
    expect(entries.length).toBeLessThanOrEqual(firstKept + latestKept + 1);
    expect(entries.slice(0, firstKept).map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(entries.at(-1)?.attempts).toBe(80);
  });

  it('sums up what people have done to dead letters, and has the latest changes, newest first', async () => {
    expect(await history.changes(0)).toEqual({ redelivered: 0, discarded: 0, latest: [] });
    const discarded = entryOf({ kind: 'discarded', at: startedAt + 1, by: 'ada' });
    const all = { id: '', target: '', type: '', lane: '', attempts: 0, detail: '{"status":422}' };
    const redelivered = entryOf({ ...all, kind: 'redelivered', at: startedAt + 2, count: 2_499 });
    await history.report(reportOf({ entries: [entryOf({ kind: 'dead', at: startedAt }), discarded] }));
    await history.record([redelivered]);
    const { latest, ...sums } = await history.changes(startedAt);
    expect(sums).toEqual({ redelivered: 2_499, discarded: 1 });
    expect(latest).toMatchObject([
      { kind: 'redelivered', count: 2_499, detail: '{"status":422}' },
      { kind: 'discarded', by: 'ada' },
    ]);
    expect(await history.changes(startedAt + 2)).toMatchObject({ redelivered: 2_499, discarded: 0 });
  });

  it('has who paused and resumed delivery among the latest changes, each once, and nothing that was not by hand', async () => {
    const about = { id: '', type: '', lane: '', attempts: 0, durationMs: null, code: null, status: null, by: null };
    const paused = entryOf({ ...about, kind: 'paused', by: "a'da", at: startedAt });
    await history.report(reportOf({ entries: [paused, entryOf({ ...about, kind: 'paused', code: 'ECONNREFUSED' })] }));
    // By a process that takes over, with the instant at which it was made.
    await history.report(reportOf({ entries: [paused, entryOf({ ...about, kind: 'resumed', at: startedAt + 1 })] }));
    const resumed = entryOf({ ...about, kind: 'resumed', code: 'byHand', at: startedAt + 2 });
    await history.report(reportOf({ entries: [resumed] }));
    const again = entryOf({ ...about, kind: 'paused', at: startedAt + 3 });
    const discarded = ['a', 'b'].map((id) => entryOf({ id, kind: 'discarded', at: startedAt + 4 }));
    await history.report(reportOf({ entries: [again, ...discarded] }));
    const { latest, ...sums } = await history.changes(startedAt);
    expect(sums).toEqual({ redelivered: 0, discarded: 2 });
    expect(latest.filter(({ id }) => id === '')).toEqual([again, resumed, paused]);
    expect(latest).toHaveLength(5);
    expect((await history.changes(startedAt + 3)).latest).toHaveLength(3);
  });

  it('keeps the latest delivered ones, lists them newest first, and page by page', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const delivered = ids.map((id, index) => deliveredOf({ id, deliveredAt: startedAt + index }));
    await history.report(
      reportOf({ process: { ...ownReport, leadsSince: 1 }, delivered: [deliveredOf({ id: 'old', deliveredAt: 1 })] }),
    );
    await history.report(reportOf({ process: { ...ownReport, leadsSince: 1 }, delivered }));
    // What was added is counted the next time.
    await history.report(reportOf({ process: { ...ownReport, leadsSince: 1 } }));
    const newest = await history.listDelivered({ limit: 2 });
    expect(newest.map(({ id }) => id)).toEqual(['g', 'f']);
    const older = await history.listDelivered({ limit: 10, before: newest[1]?.position });
    expect(older.map(({ id }) => id)).toEqual(['e', 'd', 'c']);
  });

  it('finds delivered ones by target, type, lane, time and words', async () => {
    const delivered = [
      deliveredOf({ id: 'a', target: 'sales', deliveredAt: startedAt + 1 }),
      deliveredOf({ id: 'b', type: 'event_updated', deliveredAt: startedAt + 2 }),
      deliveredOf({ id: 'c', lane: 'user:100%', status: 202, deliveredAt: startedAt + 3 }),
    ];
    await history.report(reportOf({ delivered }));
    const found = async (filter: object) => {
      const ids = (await history.listDelivered({ limit: 10, ...filter })).map(({ id }) => id);
      expect(await history.countDelivered(filter)).toBe(ids.length);
      return ids;
    };
    expect(await found({ target: 'sales' })).toEqual(['a']);
    expect(await found({ type: 'event_updated' })).toEqual(['b']);
    expect(await found({ lane: 'user:100%' })).toEqual(['c']);
    expect(await found({ from: startedAt + 2, to: startedAt + 3 })).toEqual(['b']);
    expect(await found({ from: 0, to: Infinity })).toEqual(['c', 'b', 'a']);
    expect(await found({ search: 'EVENT_' })).toEqual(['b']);
    expect(await found({ search: '100%' })).toEqual(['c']);
    expect(await found({ search: '202' })).toEqual(['c']);
    expect(await found({ search: 'nothing' })).toEqual([]);
  });
}
