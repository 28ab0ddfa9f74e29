import type {
  AcceptedNotification,
  DeadProgress,
  DeadQuery,
  DeadRange,
  DeadReason,
  Outbox,
} from '../../src/outbox/outbox.js';
import { sampleAt, sampleNotification, sampleNotifications } from '../helpers/sample-notification.js';
import { settleIn, type Placed } from '../helpers/settle-in.js';

const refusal: DeadReason = { kind: 'rejected', status: 422, detail: 'no such booking' };

const delivered = (position: number): Placed => ({ kind: 'delivered', position });
const dead = (position: number, reason = refusal): Placed => {
  return { kind: 'dead', position, attempts: 1, diedAt: sampleAt, reason };
};

/** What every outbox promises of several targets. */
export function severalTargetsContract(open: () => Promise<Outbox>): void {
  let outbox: Outbox;
  beforeEach(async () => {
    outbox = await open();
  });
  afterEach(() => {
    outbox.close();
  });

  describe('with several targets', () => {
    const other = 'other';
    /** One notification for both, in a lane of its own if none is given; bodies differ. */
    const forBoth = (given: Partial<AcceptedNotification> = {}): [AcceptedNotification, AcceptedNotification] => {
      const notification = sampleNotification(given);
      return [notification, { ...notification, target: other, body: Buffer.from(`<${notification.id}>`) }];
    };
    const idsOf = (target: string): string[] => outbox.readAfter(target, 0, 1000).map(({ id }) => id);
    const die = (target: string, position: number): void => {
      settleIn(outbox, [dead(position)], target);
    };

    it('takes an id once for each, with the body of each, and counts positions for each', () => {
      const [first, second] = [forBoth(), forBoth()];
      const answered = outbox.append([...first, ...second]);
      expect(answered?.map(({ target, id, position }) => [target, id, position])).toEqual([
        ['crm', first[0].id, 1],
        [other, first[0].id, 1],
        ['crm', second[0].id, 2],
        [other, second[0].id, 2],
      ]);
      for (const [index, target] of ['crm', other].entries()) {
        expect(outbox.readAfter(target, 0, 9)).toMatchObject([
          { target, id: first[0].id, position: 1 },
          { target, id: second[0].id, position: 2 },
        ]);
        expect(Buffer.from(outbox.readAfter(target, 1, 1)[0]!.body)).toEqual(second[index]!.body);
      }
    });

    it('gives consecutive positions to consecutive entries of each, however they interleave, and none twice', () => {
      const positions = { crm: [] as number[], [other]: [] as number[] };
      for (const targets of ['crm', `crm,${other},${other}`, other, `${other},crm,${other},crm`, 'crm']) {
        const batch = targets.split(',').map((target) => sampleNotification({ target }));
        for (const { target, position } of outbox.append(batch) ?? []) positions[target as 'crm'].push(position);
        // A repeat leaves no gap.
        outbox.append(batch);
        const isEmptied = targets === other;
        if (isEmptied) for (const position of positions[other]) settleIn(outbox, [delivered(position)], other);
      }
      expect(positions).toEqual({ crm: [1, 2, 3, 4, 5], [other]: [1, 2, 3, 4, 5] });
    });

    it('skips what a target has already, pending or dead, and takes it for the others', () => {
      const [mine, theirs] = forBoth();
      outbox.append([mine]);
      expect(outbox.append([mine, theirs])).toMatchObject([{ target: other, id: mine.id }]);
      die('crm', 1);
      settleIn(outbox, [delivered(1)], other);
      expect(outbox.append([mine, theirs])).toMatchObject([{ target: other, position: 2 }]);
      expect(outbox.append([theirs, theirs])).toEqual([]);
      expect(idsOf('crm')).toEqual([]);
    });

    it.each([
      ['count', { count: 3, bytes: Infinity }],
      ['bytes', { count: Infinity, bytes: 350 }],
    ])('has room for all of them together, by %s, and accepts none of a batch beyond it', (_by, room) => {
      const body = Buffer.alloc(100, ' ');
      const both = (): AcceptedNotification[] => forBoth().map((entry) => ({ ...entry, body }));
      expect(outbox.append(both(), room)).toHaveLength(2);
      expect(outbox.append(both(), room)).toBeUndefined();
      expect(['crm', other, undefined].map((target) => outbox.counts(target).pending)).toEqual([1, 1, 2]);
      // What was refused has taken no positions.
      expect(outbox.append(both())).toMatchObject([{ position: 2 }, { position: 2 }]);
    });

    it('adds no target when there is no room', () => {
      expect(outbox.append([sampleNotification({ target: other })], { count: 0, bytes: 0 })).toBeUndefined();
      expect(outbox.counts(other)).toEqual({ pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined });
      expect(outbox.append([sampleNotification({ target: 'third' }), sampleNotification({ target: other })])).toEqual([
        expect.objectContaining({ target: 'third', position: 1 }),
        expect.objectContaining({ target: other, position: 1 }),
      ]);
      expect([...outbox.targets()].filter((target) => target !== 'crm').sort()).toEqual([other, 'third']);
    });

    it('reads each without the others: pages, lanes and what is due', () => {
      const lane = 'booking:1';
      for (let index = 0; index < 5; index += 1) outbox.append(forBoth({ lane }));
      settleIn(outbox, [delivered(1), delivered(3)]);
      settleIn(
        outbox,
        [4, 2].map((position) => ({ kind: 'retry', position, attempts: 1, nextAttemptAt: sampleAt + position })),
        other,
      );
      expect(outbox.readAfter('crm', 0, 2).map(({ position }) => position)).toEqual([2, 4]);
      expect(outbox.readAfter(other, 1, 2).map(({ position }) => position)).toEqual([2, 3]);
      expect(outbox.nextInLane('crm', lane, 2)).toMatchObject({ target: 'crm', position: 4 });
      expect(outbox.nextInLane(other, lane, 0)).toMatchObject({ target: other, position: 1 });
      const start = { nextAttemptAt: 0, position: 0 };
      expect(outbox.readDue('crm', start, Infinity, 9)).toEqual([]);
      expect(outbox.readDue(other, start, Infinity, 9).map(({ position }) => position)).toEqual([2, 4]);
      expect(outbox.readDue(other, { nextAttemptAt: sampleAt + 2, position: 2 }, Infinity, 9)).toMatchObject([
        { target: other, position: 4 },
      ]);
    });

    it('knows nothing of a target that it never had anything for', () => {
      const [{ id }, theirs] = forBoth();
      outbox.append([sampleNotification({ id }), theirs]);
      expect(outbox.readAfter('unknown', 0, 9)).toEqual([]);
      expect(outbox.nextInLane('unknown', 'booking:456', 0)).toBeUndefined();
      expect(outbox.readDue('unknown', { nextAttemptAt: 0, position: 0 }, Infinity, 9)).toEqual([]);
      expect(outbox.counts('unknown')).toEqual({ pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined });
      expect(outbox.find(id, 'unknown')).toEqual([]);
      outbox.settle([{ kind: 'delivered', target: 'unknown', id, position: 1 }]);
      expect(outbox.targets()).not.toContain('unknown');
      expect(outbox.counts().pending).toBe(2);
    });

    it('settles each by itself, several in one call', () => {
      const [first, second] = [forBoth(), forBoth()];
      outbox.append([...first, ...second]);
      const [a, b] = [first[0].id, second[0].id];
      outbox.settle([
        { kind: 'delivered', target: 'crm', id: a, position: 1 },
        { kind: 'dead', target: other, id: a, position: 1, attempts: 1, diedAt: sampleAt, reason: refusal },
        { kind: 'retry', target: 'crm', id: b, position: 2, attempts: 3, nextAttemptAt: 0 },
        { kind: 'delivered', target: other, id: b, position: 2 },
      ]);
      expect(outbox.readAfter('crm', 0, 9)).toMatchObject([{ id: b, attempts: 3 }]);
      expect(outbox.readAfter(other, 0, 9)).toEqual([]);
      expect(outbox.listDead({ limit: 9 })).toMatchObject([{ target: other, id: a }]);
    });

    it('A3: settles nothing of another target at the same position, though the id is the same', () => {
      const [mine, theirs] = forBoth();
      outbox.append([mine, theirs]);
      settleIn(outbox, [delivered(1)]);
      outbox.settle([{ kind: 'delivered', target: 'crm', id: mine.id, position: 1 }]);
      outbox.settle([
        { kind: 'dead', target: 'crm', id: mine.id, position: 1, attempts: 1, diedAt: 0, reason: refusal },
      ]);
      for (const position of [0, -1, 2, 2 ** 40, 2 ** 44 + 1, Number.MAX_SAFE_INTEGER]) {
        outbox.settle([{ kind: 'retry', target: 'crm', id: mine.id, position, attempts: 9, nextAttemptAt: 9 }]);
        outbox.settle([{ kind: 'delivered', target: 'crm', id: mine.id, position }]);
      }
      expect(outbox.readAfter(other, 0, 9)).toMatchObject([{ id: mine.id, attempts: 0, nextAttemptAt: 0 }]);
      expect(outbox.counts()).toMatchObject({ pending: 1, dead: 0 });
    });

    it('counts each, and all', () => {
      outbox.append([sampleNotification({ body: Buffer.alloc(10), occurredAt: sampleAt + 2 })]);
      outbox.append([
        sampleNotification({ target: other, body: Buffer.alloc(5), occurredAt: sampleAt + 1 }),
        sampleNotification({ target: other, body: Buffer.alloc(7), occurredAt: sampleAt + 3 }),
      ]);
      die(other, 2);
      expect(outbox.counts('crm')).toEqual({ pending: 1, pendingBytes: 10, dead: 0, oldestAcceptedAt: sampleAt + 2 });
      expect(outbox.counts(other)).toEqual({ pending: 1, pendingBytes: 5, dead: 1, oldestAcceptedAt: sampleAt + 1 });
      expect(outbox.counts()).toEqual({ pending: 2, pendingBytes: 15, dead: 1, oldestAcceptedAt: sampleAt + 1 });
      expect([...outbox.targets()].sort()).toEqual(['crm', other]);
    });

    it('lists the dead letters of all, newest first, or of one, page by page', () => {
      for (let index = 0; index < 3; index += 1) outbox.append(forBoth());
      for (const position of [1, 2, 3]) for (const target of ['crm', other]) die(target, position);
      const targetsIn = (query: Omit<DeadQuery, 'limit'>, limit = 9): [string, number][] =>
        outbox.listDead({ limit, ...query }).map(({ target, position }) => [target, position]);
      expect(targetsIn({}, 3)).toEqual([
        [other, 6],
        ['crm', 5],
        [other, 4],
      ]);
      expect(targetsIn({ target: 'crm' }, 2)).toEqual([
        ['crm', 5],
        ['crm', 3],
      ]);
      expect(targetsIn({ target: 'crm', before: 3 })).toEqual([['crm', 1]]);
      expect(targetsIn({ target: other, search: 'no such booking' })).toHaveLength(3);
      expect(targetsIn({ target: other, search: 'nowhere' })).toEqual([]);
      expect(targetsIn({ target: 'unknown' })).toEqual([]);
    });

    it('finds, redelivers and discards by id: of all, or of one', () => {
      const [mine, theirs] = forBoth();
      const { id } = mine;
      outbox.append([mine, theirs]);
      die(other, 1);
      const found = outbox.find(id).map(({ target, state }) => [target, state]);
      expect(found.sort()).toEqual([
        ['crm', 'pending'],
        [other, 'dead'],
      ]);
      expect(outbox.find(id, other)).toMatchObject([{ target: other, state: 'dead' }]);
      expect(Buffer.from(outbox.find(id, other)[0]!.body)).toEqual(theirs.body);
      expect(outbox.find(id, 'crm')).toMatchObject([{ target: 'crm', state: 'pending' }]);

      expect(outbox.redeliver(id, sampleAt, 'crm')).toBe(0);
      expect(outbox.redeliver(id, sampleAt, other)).toBe(1);
      expect(outbox.readAfter(other, 0, 9)).toMatchObject([{ target: other, id, position: 2 }]);
      die('crm', 1);
      die(other, 2);
      expect(outbox.redeliver(id, sampleAt)).toBe(2);
      expect([idsOf('crm'), idsOf(other)]).toEqual([[id], [id]]);
      die('crm', 2);
      die(other, 3);
      expect(outbox.discard(id, 'unknown')).toBe(0);
      expect(outbox.discard(id, 'crm')).toBe(1);
      expect(outbox.listDead({ limit: 9 })).toMatchObject([{ target: other }]);
      expect([outbox.counts('crm').dead, outbox.counts(other).dead]).toEqual([0, 1]);
      outbox.append([mine]);
      die('crm', 3);
      expect(outbox.discard(id)).toBe(2);
      expect(outbox.counts()).toMatchObject({ pending: 0, dead: 0 });
    });

    it('expires the dead letters of all', () => {
      outbox.append(forBoth());
      die('crm', 1);
      die(other, 1);
      expect(outbox.expireDead(sampleAt + 1, 9)).toBe(2);
      expect([outbox.counts('crm').dead, outbox.counts(other).dead]).toEqual([0, 0]);
      expect(outbox.append(forBoth())).toMatchObject([{ position: 2 }, { position: 2 }]);
    });

    it.each(['', 'Zoë 🧘', 'a\0b', '100%0041', `'"; DROP TABLE tally; --`, 'CRM'])('takes any name: %j', (target) => {
      const [first, second] = sampleNotifications(2, { target });
      outbox.append([first!, sampleNotification(), second!]);
      expect(outbox.readAfter(target, 0, 9)).toMatchObject([
        { target, id: first!.id, position: 1 },
        { target, id: second!.id, position: 2 },
      ]);
      expect(outbox.targets()).toContain(target);
      die(target, 1);
      expect(outbox.listDead({ limit: 9, target })).toMatchObject([{ target, id: first!.id }]);
      expect(outbox.redeliver(first!.id, sampleAt, target)).toBe(1);
      expect(outbox.counts(target)).toMatchObject({ pending: 2, dead: 0 });
      expect(outbox.counts('crm')).toMatchObject({ pending: 1, dead: 0 });
    });
  });

  describe.each([
    ['redeliverOldest', (range: DeadRange) => outbox.redeliverOldest(range, sampleAt)],
    ['discardOldest', (range: DeadRange) => outbox.discardOldest(range)],
  ])('%s', (_name, change) => {
    beforeEach(() => {
      // Dead letters 1, 3, 5 of `crm` and 2, 4, 6 of `other`; every third one is expired.
      for (let position = 1; position <= 6; position += 1) {
        const target = position % 2 === 1 ? 'crm' : 'other';
        outbox.append([sampleNotification({ target, id: `id-${position}` })]);
        const reason: DeadReason = position % 3 === 0 ? { kind: 'expired', detail: '' } : refusal;
        settleIn(outbox, [dead(Math.ceil(position / 2), reason)], target);
      }
    });
    const left = (): number[] => outbox.listDead({ limit: 9 }).map(({ position }) => position);

    it('changes the oldest, piece by piece and no further than it may', () => {
      expect(change({ upTo: 5, limit: 3 })).toEqual({ count: 3, next: 3 });
      expect(left()).toEqual([6, 5, 4]);
      expect(change({ upTo: 5, limit: 3, after: 3 })).toEqual({ count: 2, next: undefined });
      expect(left()).toEqual([6]);
      expect(change({ upTo: 5, limit: 3 })).toEqual({ count: 0, next: undefined });
    });

    it.each([
      ['a target', { target: 'other' }, [5, 3, 1]],
      ['a text', { search: 'EXPIRED' }, [5, 4, 2, 1]],
      ['both', { target: 'crm', search: 'expired' }, [6, 5, 4, 2, 1]],
      ['what none has', { search: 'nowhere' }, [6, 5, 4, 3, 2, 1]],
      ['nothing, which all have', { search: '' }, []],
    ])('changes only those with %s, and looks at no more than the limit at once', (_what, filter, expected) => {
      let count = 0;
      let after: number | undefined = 0;
      for (let pieces = 0; after !== undefined; pieces += 1) {
        expect(pieces).toBeLessThanOrEqual(3);
        const progress: DeadProgress = change({ ...filter, after, upTo: 6, limit: 2 });
        expect(progress.count).toBeLessThanOrEqual(2);
        count += progress.count;
        after = progress.next;
      }
      expect(left()).toEqual(expected);
      expect(count).toBe(6 - expected.length);
      expect(outbox.counts().dead).toBe(expected.length);
      const isOf = (target: string): number =>
        expected.filter((position) => (position % 2 === 1) === (target === 'crm')).length;
      expect([outbox.counts('crm').dead, outbox.counts('other').dead]).toEqual([isOf('crm'), isOf('other')]);
    });
  });
}
