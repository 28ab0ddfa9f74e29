import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import { createTimelineBuffer } from '../../src/history/timeline-buffer.js';

type Delivered = Extract<DeliveryEvent, { kind: 'delivered' }>;

const deliveredAt = (endedAt: number): Delivered => ({
  kind: 'delivered',
  ...{ id: String(endedAt), target: 'crm', type: 't', lane: 'l', attempts: 1, wasSent: true, durationMs: 1, endedAt },
  ...{ traceparent: undefined, status: 200, isReplyNotJson: false, ageMs: 1 },
});

describe('what is not reported yet', () => {
  const fill = (max: number, count: number) => {
    const buffer = createTimelineBuffer(max);
    for (let at = 1; at <= count; at += 1) buffer.addDelivered(deliveredAt(at));
    return buffer;
  };
  const instants = (delivered: readonly Delivered[]): number[] => delivered.map(({ endedAt }) => endedAt);

  it.each([
    [0, 5, []],
    [3, 2, [1, 2]],
    [3, 3, [1, 2, 3]],
    [3, 8, [6, 7, 8]],
  ])('is of delivered ones at most %i: of %i the latest, oldest first', (max, count, expected) => {
    const buffer = fill(max, count);
    expect(buffer.isEmpty).toBe(max === 0);
    expect(instants(buffer.take().delivered)).toEqual(expected);
    expect(buffer.isEmpty).toBe(true);
  });

  it('is bounded, however many are kept', () => {
    const delivered = instants(fill(1_000_000, 6_000).take().delivered);
    expect([delivered.length, delivered[0], delivered.at(-1)]).toEqual([5_000, 1_001, 6_000]);
  });

  it('is there again, before what has come since, when it could not be reported', () => {
    const buffer = fill(3, 2);
    const taken = buffer.take();
    buffer.addDelivered(deliveredAt(3));
    buffer.addDelivered(deliveredAt(4));
    buffer.putBack(taken);
    expect(instants(buffer.take().delivered)).toEqual([2, 3, 4]);
  });
});
