import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBatcher } from '../../src/notifier/batcher.js';
import type { AcceptedNotification } from '../../src/outbox/outbox.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { sampleNotifications } from '../helpers/sample-notification.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { createWatchedOutbox } from '../helpers/watched-outbox.js';

describe('notifications accepted in one turn of the event loop', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  const outbox = createWatchedOutbox();
  const sizes: number[] = [];
  /** An outbox behind a door that answers as a post office does. */
  const accept = async (batch: readonly AcceptedNotification[]) => {
    sizes.push(batch.length);
    outbox.append(batch);
    return batch.map(() => ({ accepted: true }) as const);
  };

  it('are one batch and one append, in order; those of the next turn are the next', async () => {
    const handOver = createBatcher({ accept });
    const notifications = sampleNotifications(150);
    const first = notifications.slice(0, 100).map(handOver);
    await new Promise((resolve) => setImmediate(resolve));
    const second = notifications.slice(100).map(handOver);
    expect(await Promise.all([...first, ...second])).toEqual(notifications.map(() => ({ accepted: true })));
    expect(sizes).toEqual([100, 50]);
    expect(outbox.calls.append).toBe(2);
    expect(outbox.readAfter(0, 200).map(({ id }) => id)).toEqual(notifications.map(({ id }) => id));
  });

  it('each get their own answer', async () => {
    const handOver = createBatcher({
      accept: async (batch) =>
        batch.map((_, index) =>
          index % 2 === 0 ? { accepted: true } : { accepted: false, reason: 'full', detail: String(index) },
        ),
    });
    const answers = await Promise.all(sampleNotifications(4).map(handOver));
    expect(answers.map(({ accepted }) => accepted)).toEqual([true, false, true, false]);
    expect(answers[3]).toMatchObject({ detail: '3' });
  });

  it('are answered even by a post office that forgets some', async () => {
    const handOver = createBatcher({ accept: async () => [{ accepted: true }] });
    const answers = await Promise.all(sampleNotifications(2).map(handOver));
    expect(answers.map(({ accepted }) => accepted)).toEqual([true, false]);
  });

  it('are one transaction of the outbox on disk', async () => {
    // Never answered, so that nothing is settled meanwhile.
    const crm = await start(() => undefined);
    const notifier = create({ baseUrl: crm.url, outbox: directory() });
    await notifier.ready();
    const log = join(directory(), 'outbox.db-wal');
    const before = commitCount(log);
    await notifier.accept(...Array.from({ length: 100 }, (_, index) => `lane:${index}`));
    expect(commitCount(log) - before).toBe(1);
    await notifier.accept('a');
    await notifier.accept('b');
    expect(commitCount(log) - before).toBe(3);
  });
});

/** Commits in a write-ahead log: a frame that ends one says so (https://www.sqlite.org/fileformat.html section 4.1). */
function commitCount(path: string): number {
  const log = readFileSync(path);
  if (log.length === 0) return 0;
  const frameSize = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frameSize <= log.length; at += frameSize) if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  return commits;
}
