import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { asideNamesIn, copyOutbox, readEverything } from '../../helpers/prepared-outbox.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

const frameSize = 24 + 4096;
const idsIn = (outbox: Outbox): string[] => readEverything(outbox).pending.map(({ id }) => id);

/** Writes into a file as `dd conv=notrunc` does: it stays the same file. */
function overwrite(file: string, at: number, bytes: Buffer): void {
  const content = readFileSync(file);
  bytes.copy(content, at);
  writeFileSync(file, content, { flag: 'r+' });
}

describe('A4: a log that is changed in its place while in use', () => {
  const root = useTempDirectory();
  const directory = (): string => join(root(), 'outbox');
  const log = (): string => join(directory(), 'outbox.db-wal');
  const olderLog = (): string => join(root(), 'older-wal');
  const opened: Outbox[] = [];
  afterEach(() => {
    for (const outbox of opened.splice(0)) outbox.close();
  });
  const open = async (directoryOf: string, repairs: string[]): Promise<Outbox> => {
    const outbox = await openOutboxIn(directoryOf, 'normal', (error) => repairs.push(error.message));
    opened.push(outbox);
    return outbox;
  };
  /** As a kill at this instant leaves it. */
  const idsAfterKill = async (repairs: string[] = []): Promise<string[]> =>
    idsIn(await open(copyOutbox(directory(), join(root(), 'killed')), repairs));

  const faults: Readonly<Record<string, () => void>> = {
    'cut to nothing': () => {
      truncateSync(log(), 0);
    },
    'cut in half': () => {
      truncateSync(log(), Math.floor(statSync(log()).size / 2));
    },
    'cut by a byte': () => {
      truncateSync(log(), statSync(log()).size - 1);
    },
    'a header of zeros': () => {
      overwrite(log(), 0, Buffer.alloc(32));
    },
    'an older one copied over it': () => {
      copyFileSync(olderLog(), log());
    },
  };

  const fill = async (repairs: string[]): Promise<{ outbox: Outbox; ids: string[] }> => {
    const outbox = await open(directory(), repairs);
    const notifications = sampleNotifications(30);
    outbox.append(notifications.slice(0, 10));
    copyFileSync(log(), olderLog());
    for (const notification of notifications.slice(10)) outbox.append([notification]);
    return { outbox, ids: notifications.map(({ id }) => id) };
  };

  describe.each(Object.entries(faults))('%s', (what, befall) => {
    it('is made whole again within a second', async () => {
      const repairs: string[] = [];
      const { outbox, ids } = await fill(repairs);
      befall();
      outbox.maintain();
      expect(repairs).toEqual([expect.stringContaining('was changed while in use; the file is whole again')]);
      expect(await idsAfterKill()).toEqual(ids);
      expect(asideNamesIn(directory())).toEqual([]);
    });

    it('loses nothing that is accepted after it', async () => {
      const repairs: string[] = [];
      const { outbox, ids } = await fill(repairs);
      befall();
      const added = sampleNotifications(3);
      for (const notification of added) outbox.append([notification]);
      // Nobody sees that before the log is read through.
      if (what === 'cut by a byte') outbox.maintain();
      expect(await idsAfterKill()).toEqual([...ids, ...added.map(({ id }) => id)]);
      expect(repairs).toHaveLength(1);
    });
  });

  it.each([1, 20])('is made whole again when a letter in the middle was changed: frame %i', async (frame) => {
    const repairs: string[] = [];
    const { outbox, ids } = await fill(repairs);
    outbox.maintain();
    overwrite(log(), 32 + frame * frameSize + 2_000, Buffer.from('letter'));
    // Something is written all the time.
    const added = sampleNotifications(2);
    for (const notification of added) {
      outbox.append([notification]);
      outbox.maintain();
    }
    expect(repairs).toHaveLength(1);
    expect(await idsAfterKill()).toEqual([...ids, ...added.map(({ id }) => id)]);
  });

  it('is left alone while it begins anew, after checkpoints, in two processes', async () => {
    const repairs: string[] = [];
    const [one, other] = [await open(directory(), repairs), await open(directory(), repairs)];
    const body = Buffer.alloc(9_000, 'x');
    // The log is begun anew after 4,000 pages: twice.
    for (let times = 0; times < 40; times += 1) {
      const outbox = times % 2 === 0 ? one : other;
      const notifications = sampleNotifications(100, { body });
      outbox.append(notifications);
      one.maintain();
      other.maintain();
      outbox.settle(outbox.readAfter('crm', 0, 100).map((entry) => ({ ...entry, kind: 'delivered' })));
    }
    expect(repairs).toEqual([]);
  });

  it('is told of at the start, with what stands behind the broken place', async () => {
    const { ids } = await fill([]);
    const killed = copyOutbox(directory(), join(root(), 'killed'));
    overwrite(join(killed, 'outbox.db-wal'), 32 + 12 * frameSize + 2_000, Buffer.from('letter'));
    const repairs: string[] = [];
    const found = idsIn(await open(killed, repairs));
    expect(repairs).toEqual([expect.stringContaining('was damaged; it is kept as')]);
    expect(found).toEqual(expect.arrayContaining(ids.slice(-10)));
    expect(found.length).toBeGreaterThan(ids.length - 3);
  });

  it('is read at the start when its header is gone', async () => {
    const { ids } = await fill([]);
    const killed = copyOutbox(directory(), join(root(), 'killed'));
    overwrite(join(killed, 'outbox.db-wal'), 0, Buffer.alloc(32));
    const repairs: string[] = [];
    expect(idsIn(await open(killed, repairs))).toEqual(ids);
    expect(repairs).toHaveLength(1);
  });
});
