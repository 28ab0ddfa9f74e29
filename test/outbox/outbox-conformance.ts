import { type DeadReason, type DuePlace, type Outbox, wantedAt } from '../../src/outbox/outbox.js';
import { sampleAt, sampleNotification, sampleNotifications } from '../helpers/sample-notification.js';
import { settleIn, type Placed } from '../helpers/settle-in.js';
import { severalTargetsContract } from './several-targets-contract.js';

const refusal: DeadReason = { kind: 'rejected', status: 422, detail: 'no such booking' };

const delivered = (position: number): Placed => ({ kind: 'delivered', position });
const dead = (position: number, given: { diedAt?: number; attempts?: number; reason?: DeadReason } = {}): Placed => ({
  kind: 'dead',
  position,
  attempts: 1,
  diedAt: sampleAt,
  reason: refusal,
  ...given,
});

/** What every outbox promises, as `src/outbox/outbox.ts` says it. `open` returns an empty one. */
export function describeOutboxContract(open: () => Promise<Outbox>): void {
  describe('keeps the contract of an outbox', () => {
    contract(open);
    severalTargetsContract(open);
  });
}

function contract(open: () => Promise<Outbox>): void {
  let outbox: Outbox;
  beforeEach(async () => {
    outbox = await open();
  });
  afterEach(() => {
    outbox.close();
  });

  const pendingIds = (): string[] => outbox.readAfter('crm', 0, 1000).map((notification) => notification.id);
  const deadIds = (): string[] => outbox.listDead({ limit: 1000 }).map((letter) => letter.id);
  /** Appends, lets them die in this order, and answers their ids. */
  const appendDead = (count: number, diedAt = sampleAt): string[] => {
    const notifications = sampleNotifications(count);
    outbox.append(notifications);
    const ids = notifications.map(({ id }) => id);
    const positions = outbox.readAfter('crm', 0, 1000).filter(({ id }) => ids.includes(id));
    settleIn(
      outbox,
      positions.map(({ position }) => dead(position, { diedAt })),
    );
    return ids;
  };

  describe('append', () => {
    it('answers what is pending now, as it would be read, and passes over what is there already', () => {
      const [first, second, third] = sampleNotifications(3);
      const answered = outbox.append([first!, second!]);
      expect(answered?.map(({ id, position }) => [id, position])).toEqual([
        [first!.id, 1],
        [second!.id, 2],
      ]);
      expect(outbox.append([first!, third!])?.map(({ id }) => id)).toEqual([third!.id]);
      expect(outbox.append([third!])).toEqual([]);
      const [read] = outbox.readAfter('crm', 0, 1);
      expect({ ...answered![0], body: undefined }).toEqual({ ...read, body: undefined });
    });

    it.each([
      ['count', { count: 3, bytes: Infinity }],
      ['bytes', { count: Infinity, bytes: 300 }],
    ])('accepts none when there is not room for all by %s', (_by, room) => {
      const body = Buffer.alloc(100, ' ');
      const [first, second, third, fourth] = sampleNotifications(4, { body });
      expect(outbox.append([first!, second!], room)).toHaveLength(2);
      expect(outbox.append([third!, fourth!], room)).toBeUndefined();
      expect(outbox.counts()).toMatchObject({ pending: 2, pendingBytes: 200 });
      // One that is here already needs no room.
      expect(outbox.append([first!, third!], room)).toHaveLength(1);
      expect(pendingIds()).toEqual([first!.id, second!.id, third!.id]);
    });

    it('keeps everything as it was handed over, with no attempts behind it', () => {
      const notification = sampleNotification({
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      });
      outbox.append([notification]);
      const [found] = outbox.readAfter('crm', 0, 10);
      expect({ ...found, body: undefined }).toEqual({
        ...notification,
        body: undefined,
        position: 1,
        attempts: 0,
        nextAttemptAt: 0,
        acceptedAt: notification.occurredAt,
      });
    });

    it('keeps the order of the calls and, in them, of the notifications', () => {
      const batches = [sampleNotifications(3), sampleNotifications(1), sampleNotifications(2)];
      for (const batch of batches) outbox.append(batch);
      expect(pendingIds()).toEqual(batches.flat().map(({ id }) => id));
      expect(outbox.readAfter('crm', 0, 10).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    it('takes nothing from no notifications', () => {
      outbox.append([]);
      expect(outbox.counts()).toEqual({ pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined });
    });

    it('passes over an id that is pending, in the same batch as well, and keeps the first', () => {
      const first = sampleNotification({ body: Buffer.from('first') });
      outbox.append([first, { ...first, body: Buffer.from('second') }]);
      const other = sampleNotification();
      outbox.append([{ ...first, body: Buffer.from('third') }, other]);
      expect(pendingIds()).toEqual([first.id, other.id]);
      expect(Buffer.from(outbox.readAfter('crm', 0, 1)[0]!.body).toString()).toBe('first');
      expect(outbox.counts()).toMatchObject({ pending: 2, pendingBytes: 5 + Buffer.byteLength(other.body) });
    });

    it('passes over an id that is dead', () => {
      const notification = sampleNotification();
      outbox.append([notification]);
      settleIn(outbox, [dead(1)]);
      outbox.append([notification]);
      expect(outbox.counts()).toMatchObject({ pending: 0, dead: 1 });
    });

    it('takes an id again that was delivered or discarded: it is not here any more', () => {
      const notification = sampleNotification();
      outbox.append([notification]);
      settleIn(outbox, [delivered(1)]);
      outbox.append([notification]);
      settleIn(outbox, [dead(2)]);
      outbox.discard(notification.id);
      outbox.append([notification]);
      expect(outbox.readAfter('crm', 0, 10)).toMatchObject([{ id: notification.id, position: 3 }]);
    });

    it('takes a text for the bytes that UTF-8 makes of it', () => {
      const body = '{"name":"Zoë 😀"}';
      const [answered] = outbox.append([sampleNotification({ body })]) ?? [];
      const [read] = outbox.readAfter('crm', 0, 1);
      expect(Buffer.from(answered!.body)).toEqual(Buffer.from(body));
      expect(Buffer.from(read!.body)).toEqual(Buffer.from(body));
      expect(outbox.counts().pendingBytes).toBe(20);
    });

    it('keeps a body byte for byte, NUL bytes and broken UTF-8 included', () => {
      const bodies = [
        Buffer.from([0]),
        Buffer.from([0, 1, 0, 255, 0]),
        Buffer.from('{"name":"Zoë \u{1F9D8}\u2028\\u0000"}'),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.alloc(0),
        Buffer.alloc(70_000, 0xa5),
      ];
      outbox.append(bodies.map((body) => sampleNotification({ body })));
      const kept = outbox.readAfter('crm', 0, 10).map(({ body }) => Buffer.from(body).toString('hex'));
      expect(kept).toEqual(bodies.map((body) => body.toString('hex')));
      expect(outbox.counts().pendingBytes).toBe(bodies.reduce((sum, body) => sum + body.byteLength, 0));
    });

    it('keeps a view of a larger buffer as what it shows, not more', () => {
      const large = Buffer.from('before|body|after');
      outbox.append([sampleNotification({ body: large.subarray(7, 11) })]);
      expect(Buffer.from(outbox.readAfter('crm', 0, 1)[0]!.body).toString()).toBe('body');
    });

    it.each([0, 8.64e15, Number.MAX_SAFE_INTEGER])('keeps the instant %d', (occurredAt) => {
      outbox.append([sampleNotification({ occurredAt })]);
      expect(outbox.readAfter('crm', 0, 1)).toMatchObject([{ occurredAt, acceptedAt: occurredAt }]);
      expect(outbox.counts().oldestAcceptedAt).toBe(occurredAt);
      settleIn(outbox, [{ kind: 'retry', position: 1, attempts: 1, nextAttemptAt: occurredAt }]);
      expect(outbox.readAfter('crm', 0, 1)).toMatchObject([{ nextAttemptAt: occurredAt }]);
      settleIn(outbox, [dead(1, { diedAt: occurredAt })]);
      expect(outbox.listDead({ limit: 1 })).toMatchObject([{ occurredAt, diedAt: occurredAt }]);
    });
  });

  describe('readAfter', () => {
    it('pages through everything by position, oldest first, without a gap or a repeat', () => {
      const notifications = sampleNotifications(25);
      outbox.append(notifications);
      const read: string[] = [];
      let cursor = 0;
      for (
        let page = outbox.readAfter('crm', cursor, 10);
        page.length > 0;
        page = outbox.readAfter('crm', cursor, 10)
      ) {
        expect(page.length).toBeLessThanOrEqual(10);
        read.push(...page.map(({ id }) => id));
        cursor = page.at(-1)!.position;
      }
      expect(read).toEqual(notifications.map(({ id }) => id));
    });

    it('does not count those that are gone towards the limit', () => {
      const notifications = sampleNotifications(6);
      outbox.append(notifications);
      settleIn(outbox, [delivered(1), delivered(3), dead(4)]);
      expect(outbox.readAfter('crm', 0, 2).map(({ position }) => position)).toEqual([2, 5]);
      expect(outbox.readAfter('crm', 2, 2).map(({ position }) => position)).toEqual([5, 6]);
    });

    it('answers nothing after the last position, with limit 0, and of an empty outbox', () => {
      expect(outbox.readAfter('crm', 0, 10)).toEqual([]);
      outbox.append(sampleNotifications(2));
      expect(outbox.readAfter('crm', 2, 10)).toEqual([]);
      expect(outbox.readAfter('crm', 1_000_000, 10)).toEqual([]);
      expect(outbox.readAfter('crm', 0, 0)).toEqual([]);
    });

    it('never gives a position to a second notification', () => {
      outbox.append(sampleNotifications(3));
      settleIn(outbox, [delivered(1), delivered(2), delivered(3)]);
      outbox.append(sampleNotifications(1));
      expect(outbox.readAfter('crm', 0, 10).map(({ position }) => position)).toEqual([4]);
    });
  });

  describe('tryNow', () => {
    it('makes the first of a lane due at once, of one target or of all, and nothing else', () => {
      const [first, second] = sampleNotifications(2, { lane: 'user:a%' });
      const other = sampleNotification({ lane: 'user:b' });
      outbox.append([other, first!, { ...first!, target: 'sales' }, second!]);
      const { position } = outbox.find(first!.id, 'crm')[0]!;
      const at = Date.now() + 3_600_000;
      outbox.settle([{ kind: 'retry', target: 'crm', id: first!.id, position, attempts: 1, nextAttemptAt: at }]);
      const wantedIds = (target: string): string[] =>
        outbox.readDue(target, { nextAttemptAt: 0, position: 0 }, wantedAt, 10).map(({ id }) => id);
      expect(outbox.tryNow(second!.id)).toBe(0);
      expect(outbox.tryNow('unknown')).toBe(0);
      expect(wantedIds('crm')).toEqual([]);
      expect(outbox.tryNow(first!.id, 'crm')).toBe(1);
      expect([wantedIds('crm'), wantedIds('sales')]).toEqual([[first!.id], []]);
      expect(outbox.tryNow(first!.id)).toBe(2);
      expect(wantedIds('sales')).toEqual([first!.id]);
      settleIn(outbox, [delivered(position)]);
      expect(outbox.tryNow(second!.id)).toBe(1);
    });
  });

  describe('placeInLane', () => {
    it('returns how many of the lane and target wait before and after, and the nearest, the nearest first', () => {
      const inLane = sampleNotifications(9, { lane: 'user:a\0%' });
      const others = [
        sampleNotification({ lane: 'user:b' }),
        sampleNotification({ lane: 'user:a\0%', target: 'sales' }),
      ];
      outbox.append([...inLane.slice(0, 4), ...others, ...inLane.slice(4)]);
      const ids = inLane.map(({ id }) => id);
      const { position } = outbox.find(ids[5]!)[0]!;
      const [previous, next] = [[ids[4], ids[3], ids[2]], ids.slice(6)];
      expect(outbox.placeInLane('crm', 'user:a\0%', position)).toEqual({ before: 5, after: 3, previous, next });
      expect(outbox.placeInLane('none', 'user:a\0%', position)).toEqual({
        before: 0,
        after: 0,
        previous: [],
        next: [],
      });
    });
  });

  describe('nextInLane', () => {
    it('answers the oldest pending one of the lane after a position', () => {
      const lanes = ['booking:1', 'booking:2', 'booking:1', 'booking:1'];
      outbox.append(lanes.map((lane) => sampleNotification({ lane })));
      expect(outbox.nextInLane('crm', 'booking:1', 0)?.position).toBe(1);
      expect(outbox.nextInLane('crm', 'booking:1', 1)?.position).toBe(3);
      expect(outbox.nextInLane('crm', 'booking:1', 2)?.position).toBe(3);
      expect(outbox.nextInLane('crm', 'booking:1', 4)).toBeUndefined();
      expect(outbox.nextInLane('crm', 'booking:2', 0)?.position).toBe(2);
    });

    it('passes over those that are gone and knows nothing of other lanes', () => {
      outbox.append(sampleNotifications(3, { lane: 'booking:1' }));
      settleIn(outbox, [delivered(1), dead(2)]);
      expect(outbox.nextInLane('crm', 'booking:1', 0)?.position).toBe(3);
      expect(outbox.nextInLane('crm', 'booking:', 0)).toBeUndefined();
      expect(outbox.nextInLane('crm', 'BOOKING:1', 0)).toBeUndefined();
      expect(outbox.nextInLane('crm', 'booking:1 ', 0)).toBeUndefined();
    });

    it.each([
      ['emoji', 'user:\u{1F9D8}\u{1F3FD}'],
      ['combining marks', 'user:e\u0301'],
      ['a NUL', 'user:a\0b'],
      ['a NUL at the end', 'user:a\0'],
      ['nothing but a NUL', '\0'],
      ['a lone high surrogate', 'user:\ud83e'],
      ['a lone low surrogate', 'user:\udd38x'],
      ['two surrogates in the wrong order', '\udd38\ud83e'],
      ['the replacement character', 'user:\ufffd'],
      ['a byte order mark', '\ufeffuser'],
      ['percent signs', 'user:100%0041%%'],
      ['quotes and LIKE wildcards', `user:'"_%;--`],
      ['256 characters', 'x'.repeat(256)],
    ])('finds a lane with %s again, and returns it exactly', (_what, lane) => {
      outbox.append([
        sampleNotification({ lane }),
        sampleNotification({ lane: 'user:a' }),
        sampleNotification({ lane }),
      ]);
      const [head] = outbox.readAfter('crm', 0, 1);
      expect(head?.lane).toBe(lane);
      expect(outbox.nextInLane('crm', head!.lane, head!.position)).toMatchObject({ lane, position: 3 });
      settleIn(outbox, [dead(1)]);
      expect(outbox.listDead({ limit: 1 })).toMatchObject([{ lane }]);
      outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, sampleAt);
      expect(outbox.nextInLane('crm', lane, 3)).toMatchObject({ lane, position: 4 });
    });

    it('keeps lanes apart that differ only behind a NUL or in a lone surrogate', () => {
      const lanes = ['user:a', 'user:a\0', 'user:a\0b', 'user:a\ud800', 'user:a\ud801', 'user:a\ufffd', 'user:a%0000'];
      outbox.append(lanes.map((lane) => sampleNotification({ lane })));
      expect(lanes.map((lane) => outbox.nextInLane('crm', lane, 0)?.position)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });
  });

  describe('readDue', () => {
    const start = { nextAttemptAt: 0, position: 0 };
    const postpone = (position: number, nextAttemptAt: number): Placed => ({
      kind: 'retry',
      position,
      attempts: 1,
      nextAttemptAt,
    });
    const positionsDue = (after: DuePlace, until: number, limit: number): number[] =>
      outbox.readDue('crm', after, until, limit).map(({ position }) => position);
    beforeEach(() => {
      outbox.append(sampleNotifications(7));
      settleIn(outbox, [
        postpone(1, sampleAt + 30),
        postpone(2, 0),
        postpone(3, sampleAt + 10),
        postpone(4, sampleAt + 20),
        postpone(5, sampleAt + 10),
        postpone(7, sampleAt + 20),
      ]);
    });

    it('A11: answers what waits for an instant, soonest first, and of the same instant oldest first', () => {
      expect(positionsDue(start, Infinity, 10)).toEqual([3, 5, 4, 7, 1]);
      expect(outbox.readDue('crm', start, Infinity, 1)).toMatchObject([
        { position: 3, attempts: 1, nextAttemptAt: sampleAt + 10, lane: 'booking:456' },
      ]);
    });

    it('A11: answers nothing that is due later than asked for', () => {
      expect(positionsDue(start, sampleAt + 9, 10)).toEqual([]);
      expect(positionsDue(start, sampleAt + 10, 10)).toEqual([3, 5]);
      expect(positionsDue(start, sampleAt + 29, 10)).toEqual([3, 5, 4, 7]);
    });

    it('A11: goes on from a place, whether or not it is still there', () => {
      const place = { nextAttemptAt: sampleAt + 10, position: 3 };
      expect(positionsDue(place, Infinity, 2)).toEqual([5, 4]);
      settleIn(outbox, [delivered(3), postpone(5, 0)]);
      expect(positionsDue(place, Infinity, 10)).toEqual([4, 7, 1]);
      expect(positionsDue({ nextAttemptAt: sampleAt + 30, position: 1 }, Infinity, 10)).toEqual([]);
    });
  });

  describe('settle', () => {
    it('removes what was delivered', () => {
      const notifications = sampleNotifications(3);
      outbox.append(notifications);
      settleIn(outbox, [delivered(2)]);
      expect(pendingIds()).toEqual([notifications[0]!.id, notifications[2]!.id]);
      expect(outbox.counts()).toMatchObject({ pending: 2, dead: 0 });
    });

    it('keeps what is to be tried again in its place, with attempts and instant', () => {
      outbox.append(sampleNotifications(2));
      settleIn(outbox, [{ kind: 'retry', position: 1, attempts: 7, nextAttemptAt: sampleAt + 5 }]);
      expect(outbox.readAfter('crm', 0, 10)).toMatchObject([
        { position: 1, attempts: 7, nextAttemptAt: sampleAt + 5, acceptedAt: sampleAt },
        { position: 2, attempts: 0, nextAttemptAt: 0 },
      ]);
      expect(outbox.nextInLane('crm', 'booking:456', 0)).toMatchObject({ attempts: 7, nextAttemptAt: sampleAt + 5 });
    });

    it('turns what died into a dead letter', () => {
      const notification = sampleNotification();
      outbox.append([notification]);
      settleIn(outbox, [dead(1, { attempts: 3, diedAt: sampleAt + 9 })]);
      const { target, id, type, lane, occurredAt } = notification;
      expect(outbox.listDead({ limit: 10 })).toEqual([
        { target, id, type, lane, occurredAt, attempts: 3, diedAt: sampleAt + 9, reason: refusal, position: 1 },
      ]);
      expect(outbox.counts()).toEqual({ pending: 0, pendingBytes: 0, dead: 1, oldestAcceptedAt: undefined });
    });

    it.each<DeadReason>([
      { kind: 'rejected', status: 400, detail: '' },
      { kind: 'redirect', status: 302, detail: 'moved \u{1F6B6}' },
      { kind: 'expired', detail: 'older than maxAgeMs (1); last: ECONNREFUSED' },
      { kind: 'rejected', status: 413, detail: 'x'.repeat(1024) },
    ])('keeps the reason: $kind $status', (reason) => {
      outbox.append(sampleNotifications(1));
      settleIn(outbox, [dead(1, { reason })]);
      expect(outbox.listDead({ limit: 1 })[0]?.reason).toEqual(reason);
    });

    it('settles several at once, of several kinds', () => {
      const [first, second, third] = sampleNotifications(3);
      outbox.append([first!, second!, third!]);
      settleIn(outbox, [delivered(1), dead(2), { kind: 'retry', position: 3, attempts: 1, nextAttemptAt: 5 }]);
      expect(pendingIds()).toEqual([third!.id]);
      expect(deadIds()).toEqual([second!.id]);
    });

    it('changes nothing for what is no longer pending, and nothing for positions it never gave', () => {
      const notifications = sampleNotifications(3);
      outbox.append(notifications);
      settleIn(outbox, [delivered(1), dead(2)]);
      const before = {
        counts: outbox.counts(),
        pending: outbox.readAfter('crm', 0, 10),
        dead: outbox.listDead({ limit: 10 }),
      };
      for (const position of [1, 2, 0, -1, 4, 1_000_000, Number.MAX_SAFE_INTEGER]) {
        settleIn(outbox, [delivered(position)]);
        settleIn(outbox, [dead(position)]);
        settleIn(outbox, [{ kind: 'retry', position, attempts: 9, nextAttemptAt: 9 }]);
      }
      expect({
        counts: outbox.counts(),
        pending: outbox.readAfter('crm', 0, 10),
        dead: outbox.listDead({ limit: 10 }),
      }).toEqual(before);
    });

    it('takes the first of two settlements of the same notification', () => {
      outbox.append(sampleNotifications(2));
      settleIn(outbox, [delivered(1), dead(1), dead(2), delivered(2), dead(2)]);
      expect(outbox.counts()).toEqual({ pending: 0, pendingBytes: 0, dead: 1, oldestAcceptedAt: undefined });
    });

    it('takes nothing from no settlements', () => {
      outbox.append(sampleNotifications(1));
      settleIn(outbox, []);
      expect(outbox.counts()).toMatchObject({ pending: 1 });
    });
  });

  describe('counts', () => {
    it('adds up what is pending and what is dead', () => {
      outbox.append([
        sampleNotification({ body: Buffer.alloc(10), occurredAt: sampleAt + 1 }),
        sampleNotification({ body: Buffer.alloc(20), occurredAt: sampleAt + 2 }),
        sampleNotification({ body: Buffer.alloc(40), occurredAt: sampleAt + 3 }),
      ]);
      expect(outbox.counts()).toEqual({ pending: 3, pendingBytes: 70, dead: 0, oldestAcceptedAt: sampleAt + 1 });
      settleIn(outbox, [delivered(1)]);
      expect(outbox.counts()).toEqual({ pending: 2, pendingBytes: 60, dead: 0, oldestAcceptedAt: sampleAt + 2 });
      settleIn(outbox, [dead(2), { kind: 'retry', position: 3, attempts: 1, nextAttemptAt: 1 }]);
      expect(outbox.counts()).toEqual({ pending: 1, pendingBytes: 40, dead: 1, oldestAcceptedAt: sampleAt + 3 });
      outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, sampleAt + 9);
      expect(outbox.counts()).toEqual({ pending: 2, pendingBytes: 60, dead: 0, oldestAcceptedAt: sampleAt + 3 });
      settleIn(outbox, [delivered(3)]);
      expect(outbox.counts()).toEqual({ pending: 1, pendingBytes: 20, dead: 0, oldestAcceptedAt: sampleAt + 9 });
    });
  });

  describe('listDead', () => {
    it('lists the newest death first, at most so many, and reads on by position', () => {
      const ids = appendDead(5);
      const first = outbox.listDead({ limit: 2 });
      expect(first.map(({ id }) => id)).toEqual([ids[4], ids[3]]);
      const second = outbox.listDead({ limit: 2, before: first.at(-1)!.position });
      expect(second.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      const third = outbox.listDead({ limit: 2, before: second.at(-1)!.position });
      expect(third.map(({ id }) => id)).toEqual([ids[0]]);
      expect(outbox.listDead({ limit: 2, before: third.at(-1)!.position })).toEqual([]);
    });

    it('goes by the order of dying, not of acceptance', () => {
      const [first, second] = sampleNotifications(2);
      outbox.append([first!, second!]);
      settleIn(outbox, [dead(2)]);
      settleIn(outbox, [dead(1)]);
      expect(deadIds()).toEqual([first!.id, second!.id]);
    });

    it('takes before: undefined for no limit, and answers nothing of no dead letters', () => {
      expect(outbox.listDead({ limit: 10, before: undefined })).toEqual([]);
      const ids = appendDead(1);
      expect(outbox.listDead({ limit: 10, before: undefined }).map(({ id }) => id)).toEqual(ids);
      expect(outbox.listDead({ limit: 0 })).toEqual([]);
    });
  });

  describe('listDead with a text to search for', () => {
    beforeEach(() => {
      outbox.append([
        sampleNotification({ id: 'id-Rosa', type: 'booking_created', lane: 'booking:\x0056' }),
        sampleNotification({ id: 'id-blau', type: 'event_updated', lane: 'event:100%' }),
        sampleNotification({ id: 'id-gelb', type: 'booking_cancelled', lane: 'booking:7' }),
      ]);
      settleIn(outbox, [
        dead(1, { reason: { kind: 'rejected', status: 422, detail: 'No such Session, séance' } }),
        dead(2, { reason: { kind: 'expired', detail: 'older than maxAgeMs (100%)' } }),
        dead(3, { reason: { kind: 'redirect', status: 302, detail: 'moved_on' } }),
      ]);
    });

    it.each([
      ['an id, in letters of any case', 'ID-rosa', ['id-Rosa']],
      ['a type', 'Booking_', ['id-gelb', 'id-Rosa']],
      ['a lane', 'event:', ['id-blau']],
      ['a lane with a NUL', 'booking:\0', ['id-Rosa']],
      ['a status', '422', ['id-Rosa']],
      ['a kind of reason', 'EXPIRED', ['id-blau']],
      ['a reason in words', 'such session', ['id-Rosa']],
      ['a percent sign, which is no pattern', '100%', ['id-blau']],
      ['an underscore, which is no pattern', 'd_o', ['id-gelb']],
      ['no code of a percent sign', '0025', []],
      ['letters beyond ASCII as they are', 'SÉANCE', []],
      ['nothing, which all have', '', ['id-gelb', 'id-blau', 'id-Rosa']],
      ['what none has', 'nowhere', []],
      ['a text with quotes, which ends no statement', "'; DROP TABLE dead; --", []],
    ])('finds %s', (_what, search, ids) => {
      expect(outbox.listDead({ limit: 10, search }).map(({ id }) => id)).toEqual(ids);
    });

    it('pages through what it finds', () => {
      const [first] = outbox.listDead({ limit: 1, search: 'booking' });
      expect(first?.id).toBe('id-gelb');
      const rest = outbox.listDead({ limit: 5, search: 'booking', before: first!.position });
      expect(rest.map(({ id }) => id)).toEqual(['id-Rosa']);
    });
  });

  describe('find', () => {
    it('answers a pending one whole', () => {
      const [first, second] = sampleNotifications(2, { traceparent: 'trace' });
      outbox.append([first!, second!]);
      expect(outbox.find(second!.id)).toEqual([{ state: 'pending', ...outbox.readAfter('crm', 1, 1)[0] }]);
    });

    it('answers a dead letter whole, with what would be posted', () => {
      const notification = sampleNotification({ traceparent: 'trace', lane: 'booking:\0' });
      outbox.append([notification]);
      settleIn(outbox, [dead(1)]);
      const [found] = outbox.find(notification.id);
      expect(found).toMatchObject({ state: 'dead', traceparent: 'trace', ...outbox.listDead({ limit: 1 })[0] });
      expect(Buffer.from(found!.body)).toEqual(notification.body);
    });

    it('knows nothing of those that were delivered, discarded or never here', () => {
      const [first, second] = sampleNotifications(2);
      outbox.append([first!, second!]);
      settleIn(outbox, [delivered(1), dead(2)]);
      outbox.discard(second!.id);
      for (const id of [first!.id, second!.id, 'all', '']) expect(outbox.find(id)).toEqual([]);
    });
  });

  describe('redeliver', () => {
    it('makes one pending again: same id and bytes, at the end of its lane, no attempts behind it', () => {
      const [first, second] = sampleNotifications(2, { traceparent: 'trace' });
      outbox.append([first!, second!]);
      settleIn(outbox, [dead(1, { attempts: 5 })]);
      expect(outbox.redeliver(first!.id, sampleAt + 100)).toBe(1);
      const [, again] = outbox.readAfter('crm', 0, 10);
      expect({ ...again, body: Buffer.from(again!.body).toString() }).toEqual({
        ...first,
        body: Buffer.from(first!.body).toString(),
        position: 3,
        attempts: 0,
        nextAttemptAt: 0,
        acceptedAt: sampleAt + 100,
      });
      expect(pendingIds()).toEqual([second!.id, first!.id]);
      expect(deadIds()).toEqual([]);
    });

    it('makes all pending again, in the order of their deaths', () => {
      const ids = appendDead(4);
      expect(outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, sampleAt).count).toBe(4);
      expect(pendingIds()).toEqual(ids);
      expect(outbox.counts()).toMatchObject({ pending: 4, dead: 0 });
    });

    it('does nothing the second time, nor for ids that are pending, delivered or unknown', () => {
      const [id] = appendDead(1);
      const pending = sampleNotification();
      outbox.append([pending]);
      expect(outbox.redeliver(id!, sampleAt)).toBe(1);
      expect(outbox.redeliver(id!, sampleAt)).toBe(0);
      for (const unknown of [pending.id, 'unknown', '', `${id!}\0`, '%', 'ALL']) {
        expect(outbox.redeliver(unknown, sampleAt)).toBe(0);
      }
      expect(outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, sampleAt).count).toBe(0);
      expect(outbox.counts()).toMatchObject({ pending: 2, dead: 0 });
    });

    it('lets one die again, as the newest', () => {
      const [first, second] = appendDead(2);
      outbox.redeliver(first!, sampleAt);
      settleIn(outbox, [dead(outbox.readAfter('crm', 0, 1)[0]!.position)]);
      expect(deadIds()).toEqual([first, second]);
    });
  });

  describe('discard', () => {
    it('removes a dead letter for good and says whether there was one', () => {
      const [first, second] = appendDead(2);
      expect(outbox.discard(first!)).toBe(1);
      expect(outbox.discard(first!)).toBe(0);
      expect(deadIds()).toEqual([second]);
      expect(outbox.counts()).toMatchObject({ pending: 0, dead: 1 });
      expect(outbox.redeliver(first!, sampleAt)).toBe(0);
    });

    it('touches nothing that is pending, nor anything by an id that only looks alike', () => {
      const pending = sampleNotification();
      const [id] = appendDead(1);
      outbox.append([pending]);
      for (const unknown of [pending.id, 'all', '', `${id!}\0`, `${id!}\0junk`, id!.toUpperCase(), '%']) {
        expect(outbox.discard(unknown)).toBe(0);
      }
      expect(outbox.counts()).toMatchObject({ pending: 1, dead: 1 });
    });
  });

  describe('a settlement of another notification at that position', () => {
    it('A3: changes nothing, whatever it says', () => {
      const [notification] = sampleNotifications(1);
      outbox.append([notification!]);
      const other = { target: 'crm', id: 'another', position: 1, attempts: 3 };
      outbox.settle([{ kind: 'delivered', ...other }]);
      outbox.settle([{ kind: 'retry', ...other, nextAttemptAt: 5 }]);
      outbox.settle([{ kind: 'dead', ...other, diedAt: sampleAt, reason: refusal }]);
      expect(outbox.readAfter('crm', 0, 9)).toMatchObject([{ id: notification!.id, attempts: 0, nextAttemptAt: 0 }]);
      expect(outbox.counts()).toMatchObject({ pending: 1, dead: 0 });
    });
  });

  describe('redeliverOldest', () => {
    it('A15: makes the oldest pending again, piece by piece and no further than it is told', () => {
      const ids = appendDead(5, sampleAt);
      const upTo = outbox.listDead({ limit: 5 })[1]!.position;
      expect(outbox.redeliverOldest({ upTo, limit: 3 }, sampleAt)).toEqual({ count: 3, next: 3 });
      expect(outbox.redeliverOldest({ upTo, limit: 3, after: 3 }, sampleAt)).toEqual({ count: 1, next: undefined });
      expect(outbox.redeliverOldest({ upTo, limit: 3 }, sampleAt)).toEqual({ count: 0, next: undefined });
      expect(pendingIds()).toEqual(ids.slice(0, 4));
      expect(outbox.counts()).toMatchObject({ pending: 4, dead: 1 });
    });
  });

  describe('noteUse', () => {
    it('A8: is answered, and goes on with each append that says when it is', () => {
      expect(outbox.lastUse()).toEqual({ from: 0, to: 0 });
      outbox.noteUse({ from: sampleAt, to: sampleAt + 5 });
      const appended = outbox.append(sampleNotifications(1), undefined, sampleAt + 9);
      expect(appended).toMatchObject([{ occurredAt: sampleAt, acceptedAt: sampleAt + 9 }]);
      expect(outbox.readAfter('crm', 0, 1)).toMatchObject([{ occurredAt: sampleAt, acceptedAt: sampleAt + 9 }]);
      outbox.append(sampleNotifications(1), undefined, sampleAt + 7);
      expect(outbox.lastUse()).toEqual({ from: sampleAt, to: sampleAt + 9 });
    });
  });

  describe('expireDead', () => {
    it('removes what died before the instant, and not what died at it', () => {
      const old = appendDead(2, sampleAt);
      const newer = appendDead(1, sampleAt + 10);
      expect(outbox.expireDead(sampleAt, 10)).toBe(0);
      expect(outbox.expireDead(sampleAt + 10, 10)).toBe(2);
      expect(outbox.expireDead(sampleAt + 10, 10)).toBe(0);
      expect(deadIds()).toEqual(newer);
      expect(outbox.counts().dead).toBe(1);
      outbox.append(old.map((id) => sampleNotification({ id })));
      expect(pendingIds()).toEqual(old);
    });

    it('removes no more than it may', () => {
      appendDead(3, sampleAt);
      expect(outbox.expireDead(sampleAt + 1, 2)).toBe(2);
      expect(outbox.expireDead(sampleAt + 1, 2)).toBe(1);
    });

    it('leaves what is pending alone, however old', () => {
      outbox.append(sampleNotifications(1, { occurredAt: 0 }));
      expect(outbox.expireDead(Number.MAX_SAFE_INTEGER, 10)).toBe(0);
      expect(outbox.counts().pending).toBe(1);
    });
  });

  describe('close', () => {
    it('may be called twice', () => {
      outbox.append(sampleNotifications(1));
      outbox.close();
      expect(() => {
        outbox.close();
      }).not.toThrow();
    });
  });
}
