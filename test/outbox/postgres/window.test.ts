import type { PendingRow } from '../../../src/outbox/postgres/read-rows.js';
import { readingOf } from '../../../src/outbox/postgres/window-reading.js';
import { createRowWindow } from '../../../src/outbox/postgres/window.js';

const target = 'crm';

function row(seq: number, lane: string, given: Partial<PendingRow> = {}): PendingRow {
  const body = Buffer.from('{}');
  const instants = { occurredAt: 1, acceptedAt: 1, nextAttemptAt: 0 };
  return {
    seq,
    before: undefined,
    target,
    lane,
    id: `id-${String(seq)}`,
    type: 't',
    attempts: 0,
    traceparent: undefined,
    body,
    ...instants,
    ...given,
  };
}

function rowsOf(lane: string, from: number, to: number): PendingRow[] {
  return Array.from({ length: to - from + 1 }, (_, index) => row(from + index, lane));
}

const seqsOf = (found: readonly { readonly id: string }[]): number[] => found.map(({ id }) => Number(id.slice(3)));

describe('the window on a table', () => {
  it('has rows in the order in which they were read, each once', () => {
    const window = createRowWindow();
    expect(seqsOf(window.add([row(1, 'a'), row(2, 'b')]))).toEqual([1, 2]);
    expect(seqsOf(window.add([row(2, 'b'), row(3, 'a')]))).toEqual([3]);
    expect(seqsOf(readingOf(window).readAfter(target, 0, 10))).toEqual([1, 2, 3]);
    expect(window.size).toBe(3);
  });

  it('gives positions without a gap, so that delivery needs not read back what it was just given', () => {
    const window = createRowWindow();
    const added = window.add([row(10, 'a'), row(70, 'b')]);
    expect(added.map(({ position }) => position)).toEqual([1, 2]);
    expect(window.add([row(71, 'c')]).map(({ position }) => position)).toEqual([3]);
  });

  it('keeps the attempts that a row has had', () => {
    const window = createRowWindow();
    expect(window.add([row(1, 'a', { attempts: 3 })])[0]?.attempts).toBe(3);
    window.keep(target, 'id-1', 4);
    expect(readingOf(window).nextInLane(target, 'a', 0)?.attempts).toBe(4);
  });

  it('leaves room beside a lane with many rows: the rest of it is read by itself, when these are done', () => {
    const window = createRowWindow();
    const added = window.add([...rowsOf('hot', 1, 100), row(101, 'cold')]);
    expect(seqsOf(added)).toEqual([...Array.from({ length: 16 }, (_, index) => index + 1), 101]);
    expect(window.lanesToRead()).toEqual([]);
    for (let seq = 1; seq <= 16; seq += 1) window.remove(target, `id-${String(seq)}`);
    const [lane] = window.lanesToRead();
    expect(lane).toMatchObject({ target, lane: 'hot', after: 16 });
    expect(seqsOf(window.addLanes(window.lanesToRead(), rowsOf('hot', 17, 20)))).toEqual([17, 18, 19, 20]);
  });

  it('lets nothing of a lane in by the common way until the lane was read to its end', () => {
    const window = createRowWindow();
    window.addLanes([{ target, lane: 'a' }], [row(1, 'a'), row(2, 'a')]);
    expect(window.add([row(5, 'a')])).toEqual([]);
    window.remove(target, 'id-1');
    window.remove(target, 'id-2');
    expect(window.lanesToRead()).toMatchObject([{ lane: 'a', after: 2 }]);
    expect(seqsOf(window.addLanes(window.lanesToRead(), [row(5, 'a')]))).toEqual([5]);
    window.remove(target, 'id-5');
    window.addLanes(window.lanesToRead(), []);
    expect(window.lanesToRead()).toEqual([]);
    expect(seqsOf(window.add([row(6, 'a')]))).toEqual([6]);
  });

  it('reads a lane again from a row that committed late', () => {
    const window = createRowWindow();
    window.addLanes([{ target, lane: 'a' }], [row(8, 'a'), row(9, 'a')]);
    expect(window.add([row(7, 'a')])).toEqual([]);
    window.remove(target, 'id-8');
    window.remove(target, 'id-9');
    expect(window.lanesToRead()).toMatchObject([{ after: 6 }]);
  });

  it('lets nothing of a lane in while its head’s wait is being stored, also if two waits overlap', () => {
    const window = createRowWindow();
    window.add([row(1, 'a'), row(2, 'a')]);
    window.close({ target, lane: 'a' });
    window.close({ target, lane: 'a' });
    window.removeLane({ target, lane: 'a' });
    expect(window.size).toBe(0);
    window.open({ target, lane: 'a' });
    expect(window.add([row(3, 'a')])).toEqual([]);
    window.open({ target, lane: 'a' });
    expect(seqsOf(window.add([row(3, 'a')]))).toEqual([3]);
  });

  it('lets a row in only after the one before it: else its lane is read from its beginning', () => {
    const window = createRowWindow();
    expect(seqsOf(window.add([row(4, 'a', { before: 3 }), row(5, 'a', { before: 4 }), row(6, 'b')]))).toEqual([6]);
    expect(window.lanesToRead()).toMatchObject([{ lane: 'a', after: 0 }]);
    expect(seqsOf(window.addLanes(window.lanesToRead(), rowsOf('a', 2, 5)))).toEqual([2, 3, 4, 5]);
  });

  it('reads on in a lane of which rows were left out, after those that are here', () => {
    const window = createRowWindow();
    window.add([row(1, 'a'), row(2, 'a', { before: 1 })]);
    expect(window.add([row(4, 'a', { before: 3 })])).toEqual([]);
    expect(window.lanesToRead()).toEqual([]);
    window.remove(target, 'id-1');
    window.remove(target, 'id-2');
    expect(window.lanesToRead()).toMatchObject([{ lane: 'a', after: 2 }]);
  });

  it('lets a row in after one that was settled while both were being read', () => {
    const window = createRowWindow();
    window.add([row(1, 'a'), row(2, 'b')]);
    window.remove(target, 'id-1');
    expect(seqsOf(window.add([row(3, 'a', { before: 1 })]))).toEqual([3]);
    window.remove(target, 'id-2');
    window.forgetSettled();
    expect(window.add([row(4, 'b', { before: 2 })])).toEqual([]);
    expect(window.lanesToRead()).toMatchObject([{ lane: 'b', after: 0 }]);
  });

  it('names the heads that the table still has as due', () => {
    const window = createRowWindow();
    window.addLanes([{ target, lane: 'a' }], [row(1, 'a', { attempts: 1 }), row(2, 'a')]);
    expect(window.dueIds()).toEqual(['id-1']);
    window.removeLane({ target, lane: 'a' });
    expect(window.dueIds()).toEqual([]);
  });

  it('does not mix up the lanes of two targets', () => {
    const window = createRowWindow();
    window.add([row(1, 'a'), row(2, 'a', { target: 'other' })]);
    window.removeLane({ target, lane: 'a' });
    expect(seqsOf(readingOf(window).readAfter('other', 0, 10))).toEqual([2]);
    expect(readingOf(window).readAfter(target, 0, 10)).toEqual([]);
  });
});
