import { claimOutbox } from '../../src/post-office/outbox-claim.js';
import { acquireLock } from '../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { usePrograms } from '../helpers/child-program.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

describe('a claimed outbox', () => {
  const start = usePrograms();
  const directory = useTempDirectory();

  it('stays locked against other processes when a second claim is refused', async () => {
    const claim = claimOutbox(directory());
    const lock = acquireLock(await loadSqlite(), claim.file, 0);
    expect(() => claimOutbox(directory())).toThrow('another notifier of this process');
    // Had the second one so much as opened and closed the file, the first one's lock would be gone now.
    const other = start('hold-lock', { args: [claim.file] });
    expect(await other.line('')).toBe('refused');
    lock?.release();
    claim.release();
  });

  it('is not claimed when its place was refused', () => {
    writeFileSync(join(directory(), 'outbox.db'), 'notes');
    expect(() => claimOutbox(directory())).toThrow('not an SQLite file');
    writeFileSync(join(directory(), 'outbox.db'), '');
    claimOutbox(directory()).release();
  });

  it('is known to another copy of the package, by a register on the global object', () => {
    const claim = claimOutbox(directory());
    jest.isolateModules(() => {
      const copy = jest.requireActual<{ claimOutbox: typeof claimOutbox }>('../../src/post-office/outbox-claim.js');
      expect(copy.claimOutbox).not.toBe(claimOutbox);
      expect(() => copy.claimOutbox(directory())).toThrow('another notifier of this process');
    });
    claim.release();
  });
});
