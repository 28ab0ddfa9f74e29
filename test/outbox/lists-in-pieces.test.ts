import { listDead } from '../../src/outbox/all-dead-letters.js';
import { countPending, listPending } from '../../src/outbox/all-pending.js';
import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import { sampleNotifications } from '../helpers/sample-notification.js';

describe('the dead letters that match', () => {
  it('are listed piece by piece, newest first, so that accepting goes on', async () => {
    const outbox = createMemoryOutbox();
    const died = outbox.append(sampleNotifications(1_600)) ?? [];
    const reason = { kind: 'rejected', detail: 'no' } as const;
    outbox.settle(
      died.map(({ target, id, position }, index) => {
        const reasonOf = index % 800 === 0 ? { ...reason, detail: 'rare' } : reason;
        return { kind: 'dead', target, id, position, attempts: 1, diedAt: 1, reason: reasonOf };
      }),
    );
    const { result, turns } = await countTurns(() => listDead(outbox, { search: 'rare', limit: 9 }));
    expect(result.map(({ id }) => id)).toEqual([died[800]!.id, died[0]!.id]);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(await listDead(outbox, { search: 'rare', limit: 1 })).toHaveLength(1);
    expect(await listDead(outbox, { search: 'rare', limit: 9, before: result[0]!.position })).toHaveLength(1);
  });
});

/** How many turns of the event loop there were meanwhile. */
async function countTurns<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly turns: number }> {
  let turns = 0;
  let isDone = false;
  const countTurn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(countTurn);
  };
  setImmediate(countTurn);
  const result = await work();
  isDone = true;
  return { result, turns };
}

describe('all that is pending', () => {
  it.each([
    [
      'listed',
      (outbox: ReturnType<typeof createMemoryOutbox>) => listPending(outbox, { search: 'nowhere', limit: 10 }),
    ],
    ['counted', (outbox: ReturnType<typeof createMemoryOutbox>) => countPending(outbox, { search: 'nowhere' })],
  ])('is %s piece by piece, with a turn between, so that accepting goes on', async (_how, read) => {
    const outbox = createMemoryOutbox();
    outbox.append(sampleNotifications(5_000));
    const { turns } = await countTurns<unknown>(() => read(outbox));
    expect(turns).toBeGreaterThanOrEqual(9);
  });
});
