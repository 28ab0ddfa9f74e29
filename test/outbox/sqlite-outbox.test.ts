import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AcceptedNotification, Outbox } from '../../src/outbox/outbox.js';
import { sampleAt, sampleNotification, sampleNotifications } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { describeOutboxContract } from './outbox-conformance.js';
import { settleIn, type Placed } from '../helpers/settle-in.js';

describe('the outbox in an SQLite file', () => {
  const directory = useTempDirectory();

  describeOutboxContract(() => openOutboxIn(directory()));

  it('refuses every call once it is closed, and touches no file then', async () => {
    const outbox = await openOutboxIn(directory());
    outbox.append(sampleNotifications(2));
    outbox.close();
    const before = filesIn(directory());
    const calls = [
      () => outbox.counts(),
      () => outbox.append(sampleNotifications(1)),
      () => outbox.readAfter('crm', 0, 1),
      () => outbox.listDead({ limit: 1 }),
      () => outbox.discardOldest({ upTo: 9, limit: 9 }),
      () => outbox.redeliverOldest({ upTo: 9, limit: 9 }, sampleAt),
    ];
    for (const call of calls) expect(call).toThrow('the outbox is closed');
    outbox.maintain();
    expect(filesIn(directory())).toEqual(before);
  });

  describe('opened again', () => {
    it('has everything it had, and goes on counting where it was', async () => {
      const [first, second, third, fourth] = sampleNotifications(4);
      let outbox = await openOutboxIn(directory());
      outbox.append([first!, second!, third!, fourth!]);
      const reason = { kind: 'rejected', status: 422, detail: 'no' } as const;
      settleIn(outbox, [
        { kind: 'delivered', position: 1 },
        { kind: 'retry', position: 2, attempts: 4, nextAttemptAt: sampleAt + 7 },
        { kind: 'dead', position: 3, attempts: 1, diedAt: sampleAt, reason },
        // The highest position of each table is not in use any more, and must not be given again all the same.
        { kind: 'dead', position: 4, attempts: 1, diedAt: sampleAt, reason },
      ]);
      outbox.discard(fourth!.id);
      const before = stateOf(outbox);
      outbox.close();

      outbox = await openOutboxIn(directory());
      expect(stateOf(outbox)).toEqual(before);
      outbox.append(sampleNotifications(1));
      expect(outbox.readAfter('crm', 2, 10).map(({ position }) => position)).toEqual([5]);
      settleIn(outbox, [{ kind: 'dead', position: 5, attempts: 1, diedAt: sampleAt, reason }]);
      expect(outbox.listDead({ limit: 1 })).toMatchObject([{ position: 3 }]);
      outbox.close();
    });

    it('does not give a position again when everything was delivered', async () => {
      let outbox = await openOutboxIn(directory());
      outbox.append(sampleNotifications(7));
      settleIn(
        outbox,
        outbox.readAfter('crm', 0, 10).map(({ position }) => ({ kind: 'delivered', position })),
      );
      outbox.close();
      outbox = await openOutboxIn(directory());
      outbox.append(sampleNotifications(1));
      expect(outbox.readAfter('crm', 0, 10).map(({ position }) => position)).toEqual([8]);
      outbox.close();
    });

    it('works many times over in one process', async () => {
      for (let round = 1; round <= 5; round += 1) {
        const outbox = await openOutboxIn(directory());
        outbox.append(sampleNotifications(1));
        expect(outbox.counts().pending).toBe(round);
        outbox.close();
      }
    });
  });

  describe('all or nothing', () => {
    let outbox: Outbox;
    beforeEach(async () => {
      outbox = await openOutboxIn(join(directory(), 'own'));
      outbox.append(sampleNotifications(2));
    });
    afterEach(() => {
      outbox.close();
    });

    // What SQLite refuses in a column of whole numbers stands for every reason to refuse, such as a full disk.
    const refused = 0.5;

    it('appends none of a batch when one is refused', () => {
      const before = stateOf(outbox);
      const batch = [sampleNotification(), sampleNotification({ occurredAt: refused }), sampleNotification()];
      expect(() => {
        outbox.append(batch);
      }).toThrow();
      expect(stateOf(outbox)).toEqual(before);
    });

    it('can accept those very notifications afterwards', () => {
      const good = sampleNotification();
      expect(() => {
        outbox.append([good, sampleNotification({ occurredAt: refused })]);
      }).toThrow();
      outbox.append([good]);
      expect(outbox.readAfter('crm', 0, 10).at(-1)).toMatchObject({ id: good.id, position: 3 });
      expect(outbox.counts()).toMatchObject({ pending: 3 });
    });

    it('settles none when one is refused', () => {
      const before = stateOf(outbox);
      const settlements: Placed[] = [
        { kind: 'delivered', position: 1 },
        { kind: 'retry', position: 2, attempts: 1, nextAttemptAt: refused },
      ];
      expect(() => {
        settleIn(outbox, settlements);
      }).toThrow();
      expect(stateOf(outbox)).toEqual(before);
      settleIn(outbox, settlements.slice(0, 1));
      expect(outbox.counts()).toMatchObject({ pending: 1 });
    });

    it('redelivers none when one is refused', () => {
      const reason = { kind: 'rejected', detail: '' } as const;
      settleIn(
        outbox,
        [1, 2].map((position) => ({ kind: 'dead', position, attempts: 1, diedAt: sampleAt, reason })),
      );
      const before = stateOf(outbox);
      expect(() => outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, refused)).toThrow();
      expect(stateOf(outbox)).toEqual(before);
      expect(outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, sampleAt).count).toBe(2);
    });
  });
});

function stateOf(outbox: Outbox): unknown {
  const withText = (notification: AcceptedNotification): unknown => ({
    ...notification,
    body: Buffer.from(notification.body).toString('hex'),
  });
  return {
    counts: outbox.counts(),
    pending: outbox.readAfter('crm', 0, 1000).map(withText),
    dead: outbox.listDead({ limit: 1000 }),
  };
}

function filesIn(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name)).toString('base64')]),
  );
}
