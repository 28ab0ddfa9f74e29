import { discardAll, redeliverAll } from '../../src/outbox/all-dead-letters.js';
import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { DeadFilter, Outbox } from '../../src/outbox/outbox.js';
import { sampleAt, sampleNotifications } from '../helpers/sample-notification.js';
import { settleIn } from '../helpers/settle-in.js';

describe('all dead letters', () => {
  const perTarget = 1_200;
  let outbox: Outbox;
  /** So many for each of two targets; every fourth is expired. */
  beforeEach(() => {
    outbox = createMemoryOutbox();
    for (const target of ['crm', 'other']) {
      outbox.append(sampleNotifications(perTarget, { target }));
      const reasonAt = (index: number) =>
        index % 4 === 0 ? ({ kind: 'expired', detail: 'old' } as const) : ({ kind: 'rejected', detail: 'no' } as const);
      settleIn(
        outbox,
        Array.from({ length: perTarget }, (_, index) => {
          return { kind: 'dead', position: index + 1, attempts: 1, diedAt: sampleAt, reason: reasonAt(index) };
        }),
        target,
      );
    }
  });

  const changeAll: Readonly<Record<string, (filter: DeadFilter, onPiece?: () => boolean) => Promise<number>>> = {
    redeliverAll: (filter, onPiece) => redeliverAll(outbox, { now: () => sampleAt, onPiece, ...filter }),
    discardAll: (filter, onPiece) => discardAll(outbox, { onPiece, ...filter }),
  };

  describe.each(Object.entries(changeAll))('by %s', (name, change) => {
    it.each<[string, DeadFilter, number]>([
      ['all of them', {}, 2_400],
      ['those of a target', { target: 'other' }, 1_200],
      ['those with a text', { search: 'expired' }, 600],
      ['those of a target with a text', { search: 'OLD', target: 'crm' }, 300],
      ['none', { search: 'nowhere' }, 0],
    ])('are changed, %s', async (_which, filter, expected) => {
      expect(await change(filter)).toBe(expected);
      const { dead, pending } = outbox.counts();
      expect({ dead, pending }).toEqual({ dead: 2_400 - expected, pending: name === 'redeliverAll' ? expected : 0 });
      expect(outbox.listDead({ limit: 1, ...filter })).toEqual([]);
      expect(await change(filter)).toBe(0);
    });

    it('are changed piece by piece, with a turn between', async () => {
      let turns = 0;
      let isDone = false;
      const countTurn = (): void => {
        turns += 1;
        if (!isDone) setImmediate(countTurn);
      };
      setImmediate(countTurn);
      let pieces = 0;
      await change({ target: 'crm' }, () => (pieces += 1) > 0);
      isDone = true;
      expect(pieces).toBe(5);
      expect(turns).toBeGreaterThanOrEqual(pieces - 1);
    });

    it('are left from where it is to stop', async () => {
      expect(await change({}, () => false)).toBe(0);
      let pieces = 0;
      expect(await change({}, () => (pieces += 1) < 2)).toBe(500);
      expect(outbox.counts().dead).toBe(1_900);
    });

    it('do not include those that die meanwhile', async () => {
      const [late] = sampleNotifications(1);
      let isFirst = true;
      const changed = await change({}, () => {
        if (!isFirst) return true;
        isFirst = false;
        const [appended] = outbox.append([late!])!;
        const reason = { kind: 'rejected', detail: 'late' } as const;
        settleIn(outbox, [{ kind: 'dead', position: appended!.position, attempts: 1, diedAt: sampleAt, reason }]);
        return true;
      });
      expect(changed).toBe(2_400);
      expect(outbox.listDead({ limit: 9 }).map(({ id }) => id)).toEqual([late!.id]);
    });
  });
});
