import type { Arrival } from './crm.js';
import type { Owed } from './database.js';
import { judge, type Evidence, type Judgement } from './judge.js';

const owed = (version: number, given: Partial<Owed> = {}): Owed => ({
  booking: 1,
  version,
  part: 1,
  nonce: `n${String(version)}`,
  kind: 'told',
  ...given,
});

const arrival = (version: number, given: Partial<Arrival> = {}): Arrival => {
  const { booking, part, nonce } = owed(version);
  return { id: `id-${String(version)}`, booking, version, part, nonce, token: 'a', at: 1, ...given };
};

const nothingSeen = { told: new Set<string>(), plain: new Set<string>() };

function judged(given: Partial<Evidence>): Judgement {
  return judge({ arrivals: [], owed: [], seen: nothingSeen, isStrictWithHooks: false, ...given });
}

const flawless = { missing: [], rolledBack: [], outOfOrder: [], doubled: [], uncommitted: [] };

describe('the judge of what arrived', () => {
  it('finds nothing where each came once, or again under its id', () => {
    const arrivals = [arrival(1), arrival(2), arrival(1), arrival(3)];
    expect(judged({ owed: [owed(1), owed(2), owed(3)], arrivals })).toMatchObject({ ...flawless, repeats: 1 });
  });

  it('finds what never came', () => {
    expect(judged({ owed: [owed(1), owed(2)], arrivals: [arrival(2)] })).toMatchObject({ missing: ['1/1/1'] });
  });

  it('finds what came though it was rolled back, also where another took its version', () => {
    const arrivals = [arrival(1, { id: 'x', nonce: 'other' }), arrival(1)];
    expect(judged({ owed: [owed(1)], arrivals })).toMatchObject({ missing: [], rolledBack: ['1/1/1/other'] });
    const ofSavepoint = [arrival(1, { id: 'x', part: 0 }), arrival(1)];
    expect(judged({ owed: [owed(1)], arrivals: ofSavepoint })).toMatchObject({ rolledBack: ['1/1/0/n1'] });
  });

  it('finds what came first after a later one of its booking, by version and by part', () => {
    const all = [owed(1), owed(2), owed(2, { part: 2 })];
    const arrivals = [arrival(2, { id: 'x', part: 2 }), arrival(1), arrival(2), arrival(9, { booking: 2 })];
    expect(judged({ owed: [...all, owed(9, { booking: 2 })], arrivals })).toMatchObject({
      outOfOrder: ['1/1/1 after 1/2/2', '1/2/1 after 1/2/2'],
    });
  });

  it('finds what came under two ids', () => {
    const arrivals = [arrival(1), arrival(1, { id: 'x' })];
    expect(judged({ owed: [owed(1)], arrivals })).toMatchObject({ doubled: ['1/1/1'] });
  });

  it('holds a hook alone to what a client saw succeed, or to all that was committed', () => {
    const plain = [owed(1, { kind: 'plain' }), owed(2, { kind: 'plain' })];
    const seen = { ...nothingSeen, plain: new Set(['n2']) };
    expect(judged({ owed: plain, seen })).toMatchObject({ missing: ['1/2/1'] });
    expect(judged({ owed: plain, seen, isStrictWithHooks: true })).toMatchObject({ missing: ['1/1/1', '1/2/1'] });
  });

  it('finds what a client saw succeed and the database does not have', () => {
    expect(judged({ seen: { ...nothingSeen, told: new Set(['n7']) } })).toMatchObject({ uncommitted: ['n7'] });
  });
});
