import type { DeadFilter, DeadReason } from '../../src/outbox/outbox.js';
import type { OutboxAccess } from '../../src/outbox/outbox-access.js';
import { sampleAt } from '../helpers/sample-notification.js';

/** A dead letter to make. */
export interface Died {
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  readonly diedAt: number;
  readonly reason: DeadReason;
}

const minuteMs = 60_000;
const letter = (given: Partial<Died>, minute: number): Died => ({
  target: 'crm',
  type: 'booking_created',
  lane: 'booking:1',
  diedAt: sampleAt + minute * minuteMs,
  reason: { kind: 'rejected', status: 422, detail: 'no such user' },
  ...given,
});
const expired: DeadReason = { kind: 'expired', detail: 'too old' };

/** In the order in which they die. */
const letters: readonly Died[] = [
  letter({}, 0),
  letter({ lane: 'booking:2', reason: { kind: 'rejected', status: 422, detail: 'no such session' } }, 1),
  letter({ type: 'event_updated', lane: 'event:1' }, 2),
  letter({ reason: expired }, 3),
  letter({ target: 'sales' }, 4),
  letter({ reason: { kind: 'rejected', status: 400, detail: 'bad' } }, 5),
];

/** What everything that gives access to an outbox promises of filters, and of the summary. */
export function deadFilterContract(open: (died: readonly Died[]) => Promise<OutboxAccess>): void {
  describe('dead letters', () => {
    const numbersOf = async (access: OutboxAccess, filter: DeadFilter): Promise<number[]> => {
      const found = await access.listDead({ limit: 10, ...filter });
      return found.map(({ diedAt }) => (diedAt - sampleAt) / minuteMs);
    };

    it.each<[string, DeadFilter, number[]]>([
      ['target', { target: 'crm' }, [5, 3, 2, 1, 0]],
      ['type', { type: 'booking_created' }, [5, 4, 3, 1, 0]],
      ['type, exactly', { type: 'booking' }, []],
      ['lane', { lane: 'booking:1' }, [5, 4, 3, 0]],
      ['reason', { reason: 'expired' }, [3]],
      ['status', { status: 422 }, [4, 2, 1, 0]],
      ['no status', { status: 0 }, [3]],
      ['time', { from: sampleAt + minuteMs, to: sampleAt + 3 * minuteMs }, [2, 1]],
      ['time without an end', { from: sampleAt + 4.5 * minuteMs, to: Infinity }, [5]],
      ['several of them', { target: 'crm', status: 422, type: 'booking_created', search: 'USER' }, [0]],
      ['a text with wildcards, which are none', { search: 'n_ such%' }, []],
      ['nothing', { search: '' }, [5, 4, 3, 2, 1, 0]],
    ])('are listed, summarised, redelivered and discarded by %s', async (_what, filter, numbers) => {
      const access = await open(letters);
      expect(await numbersOf(access, filter)).toEqual(numbers);
      expect((await access.summariseDead(filter)).count).toBe(numbers.length);
      const half = numbers.length >> 1;
      const [newest] = await access.listDead({ limit: 1, ...filter });
      if (half > 0) {
        const upTo = (await access.listDead({ limit: 10, ...filter }))[numbers.length - half]!.position;
        expect(await access.discardAll({ ...filter, upTo })).toBe(half);
      }
      expect(await access.redeliverAll(filter)).toBe(numbers.length - half);
      expect(await access.counts()).toMatchObject({
        pending: numbers.length - half,
        dead: letters.length - numbers.length,
      });
      expect(newest === undefined).toBe(numbers.length === 0);
    });

    it('are listed, summarised, redelivered and discarded by their ids, those of one target too', async () => {
      const access = await open(letters);
      const ids = (await access.listDead({ limit: 10 })).map(({ id }) => id);
      const [newest, ofSales, third, , , oldest] = ids as [string, string, string, string, string, string];
      expect(await numbersOf(access, { ids: [oldest, newest, 'unknown', "'); DROP"] })).toEqual([5, 0]);
      expect(await numbersOf(access, { ids: [] })).toEqual([]);
      expect(await numbersOf(access, { ids, status: 400 })).toEqual([5]);
      expect((await access.summariseDead({ ids: [oldest, third] })).count).toBe(2);
      expect(await access.redeliverAll({ ids: [oldest, ofSales, newest], target: 'crm' })).toBe(2);
      expect(await access.redeliverAll({ ids: [oldest] })).toBe(0);
      expect(await access.discardAll({ ids: [ofSales, newest] })).toBe(1);
      expect(await access.counts()).toMatchObject({ pending: 2, dead: 3 });
    });

    it('are grouped by how they died, the largest group first, with the words of the newest', async () => {
      const access = await open(letters);
      const { count, groups } = await access.summariseDead({});
      expect(count).toBe(6);
      expect(groups[0]).toEqual({
        ...{
          target: 'crm',
          type: 'booking_created',
          reason: 'rejected',
          status: 422,
          count: 2,
          detail: 'no such session',
        },
        ...{ diedAt: sampleAt + minuteMs, position: expect.any(Number), id: expect.stringMatching(/^[\da-f-]{36}$/) },
      });
      const rest = groups.slice(1).map((group) => [group.target, group.type, group.reason, group.status, group.count]);
      expect(rest).toHaveLength(4);
      expect(rest).toEqual(
        expect.arrayContaining([
          ['crm', 'event_updated', 'rejected', 422, 1],
          ['crm', 'booking_created', 'expired', undefined, 1],
          ['sales', 'booking_created', 'rejected', 422, 1],
          ['crm', 'booking_created', 'rejected', 400, 1],
        ]),
      );
      expect(await access.summariseDead({ search: 'nowhere' })).toEqual({ count: 0, groups: [] });
    });

    it('are summarised however many there are, in few groups', async () => {
      const many = Array.from({ length: 1_300 }, (_, index) =>
        letter({ type: `type_${String(index % 60)}`, lane: `lane:${String(index)}` }, 0),
      );
      const { count, groups } = await (await open(many)).summariseDead({});
      expect([count, groups.length]).toEqual([1_300, 50]);
      expect(groups[0]).toMatchObject({ count: 22, detail: 'no such user' });
    });
  });
}
