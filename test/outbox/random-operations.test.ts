import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { AcceptedNotification, DeadReason, Outbox } from '../../src/outbox/outbox.js';
import { newNotificationId } from '../../src/core/ids.js';
import { createSeededRandom, type SeededRandom } from '../helpers/seeded-random.js';
import { sampleAt } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { settleIn, type Placed } from '../helpers/settle-in.js';

/** One thing to do with an outbox, decided beforehand, so that two outboxes can be told the same. */
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
const reasons: readonly DeadReason[] = [
  { kind: 'rejected', status: 422, detail: 'no' },
  { kind: 'redirect', status: 308, detail: '' },
  { kind: 'expired', detail: 'älter 🕰' },
];

describe('the outbox in memory and the one in a file', () => {
  const directory = useTempDirectory();

  const random = createSeededRandom();

  it(`answer alike whatever is done with them, in whatever order (CRM_TEST_SEED=${random.seed})`, async () => {
    const memory = createMemoryOutbox();
    let file = await openOutboxIn(directory());
    const usedIds: string[] = [];
    try {
      for (let step = 1; step <= 1500; step += 1) {
        const operation = drawOperation(random, usedIds);
        expect([step, comparable(operation(file))]).toEqual([step, comparable(operation(memory))]);
        if (random.below(100) === 0) {
          file.close();
          file = await openOutboxIn(directory());
        }
      }
      for (const lane of lanes) {
        expect(comparable(file.nextInLane(lane, 0))).toEqual(comparable(memory.nextInLane(lane, 0)));
      }
      expect(comparable(file.readAfter(0, 10_000))).toEqual(comparable(memory.readAfter(0, 10_000)));
      expect(comparable(file.listDead({ limit: 10_000 }))).toEqual(comparable(memory.listDead({ limit: 10_000 })));
      // Otherwise nothing much has happened, and the test says nothing.
      expect(memory.counts().pending + memory.counts().dead).toBeGreaterThan(0);
    } finally {
      file.close();
    }
  });
});

function drawOperation(random: SeededRandom, usedIds: string[]): Operation {
  const anyId = (): string => (usedIds.length === 0 ? 'none' : random.pick(usedIds));
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2: {
      const batch = Array.from({ length: random.below(6) }, () => drawNotification(random, usedIds));
      return (outbox) => {
        outbox.append(batch);
      };
    }
    case 3:
    case 4: {
      const drawn = Array.from({ length: random.below(8) }, () => [anyId(), drawSettlement(random)] as const);
      return (outbox) => {
        settleIn(
          outbox,
          drawn.map(([id, settlement]) => ({ ...settlement, position: positionOf(outbox, id) })),
        );
      };
    }
    case 5: {
      const id = anyId();
      const limit = random.below(20);
      return (outbox) => outbox.readAfter(positionOf(outbox, id), limit);
    }
    case 6: {
      const lane = random.pick(lanes);
      const id = anyId();
      return (outbox) => outbox.nextInLane(lane, positionOf(outbox, id));
    }
    case 7: {
      const limit = random.below(10);
      const lastIndex = random.below(10);
      return (outbox) => outbox.listDead({ limit, before: outbox.listDead({ limit: 10 })[lastIndex]?.position });
    }
    case 8: {
      const id = random.below(10) === 0 ? 'all' : anyId();
      const at = sampleAt + random.below(1000);
      return (outbox) => outbox.redeliver(id, at);
    }
    default: {
      const id = anyId();
      const before = sampleAt + random.below(100);
      return (outbox) => [outbox.discard(id), outbox.expireDead(before, 1000), outbox.counts()];
    }
  }
}

/** Positions need not be the same on both sides: a duplicate may leave a gap. */
function positionOf(outbox: Outbox, id: string): number {
  return outbox.readAfter(0, 100_000).find((notification) => notification.id === id)?.position ?? 1_000_000_000;
}

function drawNotification(random: SeededRandom, usedIds: string[]): AcceptedNotification {
  const isRepeat = usedIds.length > 0 && random.below(5) === 0;
  const id = isRepeat ? random.pick(usedIds) : newNotificationId();
  if (!isRepeat) usedIds.push(id);
  return {
    id,
    type: 'booking_created',
    lane: random.pick(lanes),
    occurredAt: random.below(10) === 0 ? Number.MAX_SAFE_INTEGER - random.below(5) : sampleAt + random.below(1000),
    body: Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256))),
    traceparent: random.below(2) === 0 ? undefined : `trace-${String(random.below(10))}`,
  };
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

/**
 * Without positions. And bodies are one class of byte array here and another there; their bytes are what counts.
 */
function comparable(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(comparable);
  if (typeof answer !== 'object' || answer === null) return answer;
  const { body, ...others } = answer as { readonly body?: Uint8Array };
  return { ...others, position: undefined, body: body && Buffer.from(body).toString('hex') };
}
