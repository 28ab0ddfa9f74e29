import { furtherTypes, maxTypes, type History, type TypeCounts, type TypeMinute } from '../../src/history/history.js';
import { countsOf, reportOf } from './history-contract.js';

const hourMs = 3_600_000;

function typeOf(type: string, given: Partial<TypeMinute> = {}): TypeMinute {
  return { ...countsOf({}), type, ...given };
}

function sumOf(type: string, given: Partial<TypeCounts> = {}): TypeCounts {
  return { target: 'crm', type, accepted: 0, delivered: 0, retried: 0, dead: 0, ...given };
}

/** What every history promises of the counts of each type. `countRows` is how many are kept. */
export function typesContract(open: () => Promise<History>, countRows?: (history: History) => Promise<number>): void {
  let history: History;
  beforeEach(async () => {
    history = await open();
  });
  afterEach(() => history.close());
  const add = (...types: readonly TypeMinute[]): Promise<void> => history.report(reportOf({ types }));

  it('adds up the counts of each type and target, the most accepted first', async () => {
    expect(await history.countsByType(0)).toEqual([]);
    await add(
      typeOf('event_updated', { accepted: 1, retried: 2 }),
      typeOf('booking_created', { accepted: 3, delivered: 2 }),
    );
    await add(
      typeOf('booking_created', { accepted: 2, dead: 1 }),
      typeOf('booking_created', { target: 'sales', accepted: 4 }),
    );
    expect(await history.countsByType(Date.now() - hourMs)).toEqual([
      sumOf('booking_created', { accepted: 5, delivered: 2, dead: 1 }),
      sumOf('booking_created', { target: 'sales', accepted: 4 }),
      sumOf('event_updated', { accepted: 1, retried: 2 }),
    ]);
  });

  it('counts the past hour by the minute, the past day by the quarter of an hour, and the week by the hour', async () => {
    const [minute, quarter, hour] = [hourMs / 60, hourMs / 4, hourMs].map((ms) => Math.floor(Date.now() / ms) * ms);
    const starts = [minute! - 30 * 60_000, quarter! - 20 * hourMs, hour! - 150 * hourMs];
    await add(...starts.map((startAt) => typeOf('a', { startAt, accepted: 1 })));
    // Longer than the shorter steps are kept.
    await add(typeOf('a', { startAt: quarter! - 20 * hourMs - 60_000, accepted: 10 }));
    const acceptedSince = async (from: number) => (await history.countsByType(from)).map(({ accepted }) => accepted);
    expect(await acceptedSince(starts[0]!)).toEqual([1]);
    expect(await acceptedSince(starts[0]! + 59_999)).toEqual([1]);
    expect(await acceptedSince(starts[0]! + 60_000)).toEqual([]);
    expect(await acceptedSince(starts[1]!)).toEqual([2]);
    expect(await acceptedSince(starts[1]! - 1)).toEqual([12]);
    expect(await acceptedSince(starts[2]!)).toEqual([13]);
    expect(await acceptedSince(0)).toEqual([13]);
  });

  it('keeps each length of a step for its time', async () => {
    const startAt = Math.floor(Date.now() / hourMs) * hourMs - 9 * 24 * hourMs;
    await add(typeOf('a', { startAt, accepted: 1 }));
    await add(typeOf('a', { startAt: startAt + 4 * 24 * hourMs, accepted: 2 }));
    await add();
    expect(await history.countsByType(0)).toEqual([sumOf('a', { accepted: 2 })]);
    if (countRows !== undefined) expect(await countRows(history)).toBe(1);
  });

  it('counts at most a hundred types of a target in a step by name, and loses none', async () => {
    const names = Array.from({ length: maxTypes + 20 }, (_, index) => `type_${String(index)}`);
    await add(...names.slice(0, 60).map((type) => typeOf(type, { accepted: 2 })));
    await add(
      ...names.slice(30).map((type) => typeOf(type, { accepted: 1 })),
      typeOf('type_0', { target: 'sales', accepted: 7 }),
    );
    const since = Date.now() - hourMs;
    const named = (await history.countsByType(since)).map(({ type }) => type);
    const unnamed = names.find((name) => !named.includes(name))!;
    await add(...[furtherTypes, unnamed, 'type_0'].map((type) => typeOf(type, { accepted: 5 })));
    const counts = await history.countsByType(since);
    const ofCrm = counts.filter(({ target }) => target === 'crm');
    expect(ofCrm).toHaveLength(maxTypes + 1);
    expect(counts.slice(0, 3)).toEqual([
      sumOf(furtherTypes, { accepted: 20 + 5 + 5 }),
      sumOf('type_0', { accepted: 2 + 5 }),
      sumOf('type_0', { target: 'sales', accepted: 7 }),
    ]);
    expect(ofCrm.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(120 + 90 + 15);
  });
}
