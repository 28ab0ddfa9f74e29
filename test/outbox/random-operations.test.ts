import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { AcceptedNotification, DeadReason, Outbox } from '../../src/outbox/outbox.js';
import { newNotificationId } from '../../src/core/ids.js';
import { createSeededRandom, type SeededRandom } from '../helpers/seeded-random.js';
import { sampleAt } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import type { Placed } from '../helpers/settle-in.js';

/** One thing to do with an outbox, decided beforehand, so that the same can be done with two. */
type Operation = (outbox: Outbox) => unknown;

const lanes = [
  'booking:1',
  'booking:2',
  'event:7',
  'user:a\0b',
  'user:a\0c',
  'user:\ud83e',
  'user:\ufffd',
  'user:🧘',
  '',
];
const targets = ['crm', 'other', 'ümläut\0🧘'];
const reasons: readonly DeadReason[] = [
  { kind: 'rejected', status: 422, detail: 'no' },
  { kind: 'redirect', status: 308, detail: '' },
  { kind: 'expired', detail: 'älter 🕰' },
];

describe('the outbox in memory and the one in a file', () => {
  const directory = useTempDirectory();

  const random = createSeededRandom();

  it(`do the same, whatever is asked of them, in whatever order (CRM_TEST_SEED=${random.seed})`, async () => {
    const memory = createMemoryOutbox();
    let file = await openOutboxIn(directory());
    const usedIds: string[] = [];
    try {
      for (let step = 1; step <= 2000; step += 1) {
        const operation = drawOperation(random, usedIds);
        expect([step, comparable(operation(file))]).toEqual([step, comparable(operation(memory))]);
        if (random.below(100) === 0) {
          file.close();
          file = await openOutboxIn(directory());
        }
      }
      for (const target of targets) {
        for (const lane of lanes) {
          expect(comparable(file.nextInLane(target, lane, 0))).toEqual(comparable(memory.nextInLane(target, lane, 0)));
        }
        const start = { nextAttemptAt: 0, position: 0 };
        expect(comparable(file.readDue(target, start, Infinity, 10_000))).toEqual(
          comparable(memory.readDue(target, start, Infinity, 10_000)),
        );
        expect(comparable(file.readAfter(target, 0, 10_000))).toEqual(comparable(memory.readAfter(target, 0, 10_000)));
        // Otherwise nothing much has happened, and the test says nothing.
        expect(memory.counts(target).pending + memory.counts(target).dead).toBeGreaterThan(0);
      }
      expect(comparable(file.listDead({ limit: 10_000 }))).toEqual(comparable(memory.listDead({ limit: 10_000 })));
    } finally {
      file.close();
    }
  });
});

function drawOperation(random: SeededRandom, usedIds: string[]): Operation {
  const anyId = (): string => (usedIds.length === 0 ? 'none' : random.pick(usedIds));
  const target = random.pick(targets);
  const oneOrAll = random.below(2) === 0 ? undefined : random.pick(targets);
  const search =
    random.below(2) === 0 ? undefined : random.pick(['422', 'redirect', 'booking', 'user:a\0', '🕰', 'zzz']);
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2: {
      const batch = Array.from({ length: random.below(6) }, () => drawNotification(random, usedIds)).flat();
      const room = random.below(4) === 0 ? { count: random.below(300), bytes: random.below(6000) } : undefined;
      return (outbox) => outbox.append(batch, room);
    }
    case 3:
    case 4:
    case 5: {
      const drawn = Array.from(
        { length: random.below(8) },
        () => [random.pick(targets), anyId(), drawSettlement(random)] as const,
      );
      return (outbox) => {
        outbox.settle(
          drawn.map(([of, id, settlement]) => {
            return { ...settlement, target: of, id, position: positionOf(outbox, of, id) };
          }),
        );
      };
    }
    case 6: {
      const id = anyId();
      const limit = random.below(20);
      return (outbox) => outbox.readAfter(target, positionOf(outbox, target, id), limit);
    }
    case 7: {
      const lane = random.pick(lanes);
      const id = anyId();
      return (outbox) => outbox.nextInLane(target, lane, positionOf(outbox, target, id));
    }
    case 8: {
      const limit = random.below(10);
      const lastIndex = random.below(10);
      return (outbox) => {
        const before = outbox.listDead({ limit: 10 })[lastIndex]?.position;
        return outbox.listDead({ limit, before, search, target: oneOrAll });
      };
    }
    case 9: {
      const id = random.below(10) === 0 ? 'all' : anyId();
      const at = sampleAt + random.below(1000);
      return (outbox) => [outbox.find(id, oneOrAll), outbox.redeliver(id, at, oneOrAll)];
    }
    case 10: {
      const range = { after: random.below(50), limit: 1 + random.below(5), search, target: oneOrAll };
      const index = random.below(10);
      const at = sampleAt + random.below(1000);
      const isRedelivery = random.below(2) === 0;
      return (outbox) => {
        const upTo = outbox.listDead({ limit: 10 })[index]?.position ?? 0;
        return isRedelivery ? outbox.redeliverOldest({ ...range, upTo }, at) : outbox.discardOldest({ ...range, upTo });
      };
    }
    case 11: {
      const limit = random.below(10);
      const place = {
        nextAttemptAt: random.below(2) === 0 ? 0 : sampleAt + random.below(1000),
        position: random.below(9),
      };
      const until = random.below(2) === 0 ? Infinity : sampleAt + random.below(1000);
      return (outbox) => outbox.readDue(target, place, until, limit);
    }
    default: {
      const id = anyId();
      const before = sampleAt + random.below(20);
      return (outbox) => [
        outbox.discard(id, oneOrAll),
        outbox.expireDead(before, 3),
        outbox.counts(oneOrAll),
        outbox.counts(),
      ];
    }
  }
}

function positionOf(outbox: Outbox, target: string, id: string): number {
  const [found] = outbox.find(id, target);
  return found?.state === 'pending' ? found.position : 1_000_000_000;
}

/** The entries of one notification, for one or more targets. */
function drawNotification(random: SeededRandom, usedIds: string[]): AcceptedNotification[] {
  const isRepeat = usedIds.length > 0 && random.below(5) === 0;
  const id = isRepeat ? random.pick(usedIds) : newNotificationId();
  if (!isRepeat) usedIds.push(id);
  const lane = random.pick(lanes);
  const occurredAt = random.below(10) === 0 ? Number.MAX_SAFE_INTEGER - random.below(5) : sampleAt + random.below(1000);
  const traceparent = random.below(2) === 0 ? undefined : `trace-${String(random.below(10))}`;
  return targets
    .filter((target) => target === 'crm' || random.below(2) === 0)
    .map((target) => {
      const body = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
      return { target, id, type: 'booking_created', lane, occurredAt, body, traceparent };
    });
}

function drawSettlement(random: SeededRandom): Placed {
  const position = 0;
  switch (random.below(3)) {
    case 0:
      return { kind: 'delivered', position };
    case 1:
      return { kind: 'retry', position, attempts: random.below(20), nextAttemptAt: sampleAt + random.below(1000) };
    default: {
      const diedAt = sampleAt + random.below(1000);
      return { kind: 'dead', position, attempts: random.below(20), diedAt, reason: random.pick(reasons) };
    }
  }
}

/** Bodies are one class of byte array here and another there; their bytes are what counts. */
function comparable(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(comparable);
  if (typeof answer !== 'object' || answer === null) return answer;
  const { body, ...others } = answer as { readonly body?: Uint8Array };
  return { ...others, body: body && Buffer.from(body).toString('hex') };
}
