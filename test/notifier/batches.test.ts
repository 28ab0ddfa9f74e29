import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

describe('notifications accepted in one turn of the event loop', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

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
