import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { AcceptedNotification, Outbox } from '../../src/outbox/outbox.js';
import { acceptInto } from '../../src/post-office/local-store.js';
import { sampleAt, sampleNotification } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';

const directory = useTempDirectory();

describe.each([
  ['memory', async () => createMemoryOutbox()],
  ['a file', () => openOutboxIn(directory())],
])('a batch for an outbox in %s that has not room for all of it', (_where, open: () => Promise<Outbox>) => {
  let outbox: Outbox;
  beforeEach(async () => {
    outbox = await open();
  });
  afterEach(() => {
    outbox.close();
  });

  /** Notifications with bodies of 100 bytes, each with an entry for each of these targets. */
  const batchFor = (...targetsOfEach: readonly (readonly string[])[]): AcceptedNotification[] =>
    targetsOfEach.flatMap((targets) => {
      const notification = sampleNotification({ body: Buffer.alloc(100, ' ') });
      return targets.map((target) => ({ ...notification, target }));
    });
  const both = ['crm', 'other'];
  const idsOf = (target: string): string[] => outbox.readAfter(target, 0, 99).map(({ id }) => id);

  it.each([
    ['count, between two notifications', { count: 4, bytes: Infinity }, 4],
    ['count, in the middle of one', { count: 5, bytes: Infinity }, 4],
    ['count, in the middle of the first', { count: 1, bytes: Infinity }, 0],
    ['bytes, between two notifications', { count: Infinity, bytes: 400 }, 4],
    ['bytes, in the middle of one', { count: Infinity, bytes: 599 }, 4],
    ['bytes, in the middle of the first', { count: Infinity, bytes: 100 }, 0],
  ])('is cut between notifications, never between the targets of one: by %s', (_by, maxPending, expected) => {
    const batch = batchFor(both, both, both);
    const { acceptances, pending } = acceptInto(outbox, batch, maxPending, sampleAt);
    expect(acceptances.map(({ accepted }) => accepted)).toEqual(batch.map((_entry, index) => index < expected));
    expect(pending.map(({ target, id }) => [target, id])).toEqual(
      batch.slice(0, expected).map(({ target, id }) => [target, id]),
    );
    expect(idsOf('crm')).toEqual(idsOf('other'));
    expect(outbox.counts().pending).toBe(expected);
    const [bound] = Object.entries(maxPending).find(([, value]) => value !== Infinity)!;
    const detail = expect.stringContaining(`maxPending.${bound}`) as string;
    expect(acceptances.at(-1)).toEqual({ accepted: false, reason: 'full', detail });
  });

  it('is cut where a notification for one target ends as well', () => {
    const batch = batchFor(['crm'], both, ['other'], both);
    const { acceptances } = acceptInto(outbox, batch, { count: 5, bytes: Infinity }, sampleAt);
    expect(acceptances.map(({ accepted }) => accepted)).toEqual([true, true, true, true, false, false]);
    expect([outbox.counts('crm').pending, outbox.counts('other').pending]).toEqual([2, 2]);
  });

  it('is accepted whole when there is room', () => {
    const batch = batchFor(both, both);
    const { acceptances, pending } = acceptInto(outbox, batch, { count: 4, bytes: 400 }, sampleAt);
    expect(acceptances.every(({ accepted }) => accepted)).toBe(true);
    expect(pending.map(({ target, position }) => [target, position])).toEqual([
      ['crm', 1],
      ['other', 1],
      ['crm', 2],
      ['other', 2],
    ]);
  });
});
