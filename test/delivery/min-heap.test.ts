import { createMinHeap } from '../../src/delivery/min-heap.js';
import { createSeededRandom } from '../helpers/seeded-random.js';

describe('the min-heap', () => {
  it('is empty at first', () => {
    const heap = createMinHeap<number>((key) => key);
    expect([heap.size, heap.peek(), heap.pop(), heap.size]).toEqual([0, undefined, undefined, 0]);
  });

  it('gives back each of several elements with the same key', () => {
    const heap = createMinHeap<{ readonly key: number; readonly name: string }>((element) => element.key);
    for (const name of ['a', 'b', 'c']) heap.push({ key: 1, name });
    heap.push({ key: 0, name: 'first' });
    expect(heap.pop()?.name).toBe('first');
    expect([heap.pop(), heap.pop(), heap.pop()].map((element) => element?.name).sort()).toEqual(['a', 'b', 'c']);
  });

  const random = createSeededRandom();
  it(`always has the smallest on top, whatever is pushed and popped (CRM_TEST_SEED=${random.seed})`, () => {
    const heap = createMinHeap<number>((key) => key);
    let sorted: number[] = [];
    let largest = 0;
    for (let step = 0; step < 20_000; step += 1) {
      // Grows for a while, then shrinks, then grows again.
      const isPush = random.next() < (Math.floor(step / 5_000) % 2 === 0 ? 0.7 : 0.3);
      if (isPush) {
        const key = random.below(500) - 250;
        heap.push(key);
        const index = sorted.findIndex((other) => other > key);
        sorted.splice(index === -1 ? sorted.length : index, 0, key);
      } else {
        expect(heap.pop()).toBe(sorted[0]);
        sorted = sorted.slice(1);
      }
      largest = Math.max(largest, heap.size);
      if (heap.size !== sorted.length || heap.peek() !== sorted[0]) {
        throw new Error(`step ${step}: ${String(heap.peek())} instead of ${String(sorted[0])}`);
      }
    }
    expect(largest).toBeGreaterThan(1_000);
  });
});
