import type { PendingFilter } from '../../src/outbox/outbox.js';
import type { OutboxAccess } from '../../src/outbox/outbox-access.js';
import { sampleAt } from '../helpers/sample-notification.js';

/** A notification that is to be pending. */
export interface Waiting {
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  readonly acceptedAt: number;
  readonly attempts: number;
  readonly nextAttemptAt: number;
}

const minuteMs = 60_000;
const nextAttemptAt = sampleAt + 99 * minuteMs;
const waiting = (given: Partial<Waiting>, minute: number): Waiting => ({
  target: 'crm',
  type: 'booking_created',
  lane: 'booking:1',
  acceptedAt: sampleAt + minute * minuteMs,
  attempts: 0,
  nextAttemptAt: 0,
  ...given,
});

/** In the order in which they are accepted. */
const all: readonly Waiting[] = [
  waiting({ attempts: 3, nextAttemptAt }, 0),
  waiting({ type: 'booking_updated' }, 1),
  waiting({ lane: 'event:50%' }, 2),
  waiting({ lane: 'booking:2', attempts: 1, nextAttemptAt }, 3),
  waiting({ target: 'sales' }, 4),
];

const filters: readonly (readonly [what: string, filter: PendingFilter, minutes: readonly number[]])[] = [
  ['nothing', {}, [0, 1, 2, 3, 4]],
  ['an empty text', { search: '' }, [0, 1, 2, 3, 4]],
  ['target', { target: 'sales' }, [4]],
  ['a target that there is not', { target: 'nobody' }, []],
  ['type', { type: 'booking_updated' }, [1]],
  ['type, exactly', { type: 'booking' }, []],
  ['lane', { lane: 'booking:1' }, [0, 1, 4]],
  ['lane and target', { lane: 'booking:1', target: 'sales' }, [4]],
  ['a text in the lane', { search: 'EVENT:50%' }, [2]],
  ['a text in the type', { search: '_Updated' }, [1]],
  ['a text with wildcards, which are none', { search: 'booking_c_eated' }, []],
  ['a text with a backslash', { search: '\\' }, []],
  ['attempts', { attempts: 'some' }, [0, 3]],
  ['no attempts', { attempts: 'none' }, [1, 2, 4]],
  ['time', { from: sampleAt + minuteMs, to: sampleAt + 3 * minuteMs }, [1, 2]],
  ['time without an end', { from: sampleAt + 3.5 * minuteMs, to: Infinity }, [4]],
  ['several of them', { attempts: 'none', lane: 'booking:1', target: 'crm' }, [1]],
];

/** What everything that gives access to an outbox promises of the list of what is pending. */
export function pendingListContract(open: (pending: readonly Waiting[]) => Promise<OutboxAccess>): void {
  describe('pending notifications', () => {
    it('are listed oldest first and counted by each filter', async () => {
      const access = await open(all);
      for (const [what, filter, minutes] of filters) {
        const found = await access.listPending({ ...filter, limit: 10 });
        expect([what, found.map(({ acceptedAt }) => (acceptedAt - sampleAt) / minuteMs)]).toEqual([what, minutes]);
        expect([what, await access.countPending(filter)]).toEqual([what, { count: minutes.length, isAtLeast: false }]);
      }
    });

    it('are listed without their bodies, with what the next attempt waits for', async () => {
      const access = await open(all);
      const [first, second, , fourth, ofSales] = await access.listPending({ limit: 10 });
      expect(first).toEqual({
        ...{ target: 'crm', id: expect.stringMatching(/^[\da-f-]{36}$/), type: 'booking_created', lane: 'booking:1' },
        ...{ occurredAt: sampleAt, acceptedAt: sampleAt, attempts: 3, nextAttemptAt, traceparent: undefined },
        ...{ waitsInLane: false, place: expect.any(Number) },
      });
      expect(second).toMatchObject({ waitsInLane: true, attempts: 0, nextAttemptAt: 0 });
      expect(fourth).toMatchObject({ waitsInLane: false, nextAttemptAt });
      // The lane of another target is another lane.
      expect(ofSales).toMatchObject({ target: 'sales', waitsInLane: false });
    });

    it('are listed page by page, each once', async () => {
      const access = await open(all);
      const minutes: number[] = [];
      for (let after: number | undefined = 0; after !== undefined;) {
        const page: Awaited<ReturnType<OutboxAccess['listPending']>> = await access.listPending({ after, limit: 2 });
        minutes.push(...page.map(({ acceptedAt }) => (acceptedAt - sampleAt) / minuteMs));
        after = page.at(-1)?.place;
      }
      expect(minutes).toEqual([0, 1, 2, 3, 4]);
    });

    it('are found and counted however many there are, what matches up to 10,000', async () => {
      const count = 10_200;
      const many = Array.from({ length: count }, (_, index) =>
        waiting({ type: index < 10_001 ? 'common' : 'rare', lane: `lane:${String(index % 700)}` }, 0),
      );
      const access = await open(many);
      expect(await access.countPending({})).toEqual({ count, isAtLeast: false });
      expect(await access.countPending({ target: 'crm' })).toEqual({ count, isAtLeast: false });
      expect(await access.countPending({ type: 'common' })).toEqual({ count: 10_000, isAtLeast: true });
      expect(await access.countPending({ search: 'RARE' })).toEqual({ count: 199, isAtLeast: false });
      expect(await access.listPending({ type: 'rare', limit: 150 })).toHaveLength(150);
      expect(await access.listPending({ lane: 'lane:699', limit: 100 })).toHaveLength(14);
    });
  });
}
