import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CRMConfigError } from '../../../src/core/errors.js';
import type { AcceptedNotification, Outbox, PendingNotification } from '../../../src/outbox/outbox.js';
import {
  asideNamesIn,
  bytesOf,
  copyOutbox,
  modeOf,
  prepareOutbox,
  readEverything,
  type PreparedOutbox,
} from '../../helpers/prepared-outbox.js';
import { sampleAt, sampleNotifications } from '../../helpers/sample-notification.js';
import { createSeededRandom } from '../../helpers/seeded-random.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';

/** What became of an outbox that was damaged. */
interface Outcome {
  readonly isRefused: boolean;
  readonly isRepaired: boolean;
  /** How many came out just as they were put in. */
  readonly saved: number;
  /** How many came out that are not, with a bit of them changed. */
  readonly changed: number;
}

const pageSize = 4096;
/** How a page begins that holds rows: https://www.sqlite.org/fileformat2.html#b_tree_pages. */
const tableLeaf = 13;

describe('a damaged outbox file (case 67)', () => {
  const random = createSeededRandom();
  let root = '';
  let prepared: PreparedOutbox;
  let forTwo: PreparedOutbox;
  let withLog: PreparedOutbox;
  let copies = 0;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'crm-notifier-'));
    prepared = await prepareOutbox(join(root, 'prepared'));
    forTwo = await prepareOutbox(join(root, 'for-two'), { count: 100, targets: ['crm', 'other'] });
    withLog = await prepareOutbox(join(root, 'with-log'), { withLog: true });
  });
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const copyOf = ({ directory }: PreparedOutbox): string => {
    copies += 1;
    return copyOutbox(directory, join(root, String(copies)));
  };
  const rewrite = (directory: string, change: (bytes: Buffer) => Buffer, name = 'outbox.db'): void => {
    writeFileSync(join(directory, name), change(bytesOf(directory, name)));
  };
  const outcomeOf = async (directory: string, of: PreparedOutbox): Promise<Outcome> => {
    const outcome = await surviveIn(directory, of);
    rmSync(directory, { recursive: true });
    return outcome;
  };
  const total = (of: PreparedOutbox): number => of.notifications.length;

  it.each([
    ['closed', () => prepared],
    ['killed', () => withLog],
    ['closed, with two targets', () => forTwo],
  ])('leaves an undamaged file of a process that was %s alone', async (_how, of) => {
    const directory = copyOf(of());
    expect(await outcomeOf(directory, of())).toEqual({
      isRefused: false,
      isRepaired: false,
      saved: total(of()),
      changed: 0,
    });
  });

  /** The outcomes of many variants, by the name of each: a failure then says which it was. */
  const outcomesOf = async (
    of: PreparedOutbox,
    variants: Readonly<Record<string, (directory: string) => void>>,
  ): Promise<Readonly<Record<string, Outcome>>> => {
    const outcomes: Record<string, Outcome> = {};
    for (const [what, damage] of Object.entries(variants)) {
      const directory = copyOf(of);
      damage(directory);
      try {
        outcomes[what] = await outcomeOf(directory, of);
      } catch (error) {
        throw new Error(`after ${what}`, { cause: error });
      }
    }
    return outcomes;
  };
  const flipsAt = (offsets: readonly number[], name?: string): Record<string, (directory: string) => void> =>
    Object.fromEntries(
      offsets.map((offset) => {
        const bit = random.below(8);
        const damage = (directory: string): void => {
          rewrite(directory, (bytes) => flip(bytes, offset, bit), name);
        };
        return [`bit ${bit} of byte ${offset}`, damage];
      }),
    );

  /** The least that was saved of any that was not refused. */
  const leastSaved = (outcomes: Readonly<Record<string, Outcome>>): number =>
    Math.min(...Object.values(outcomes).flatMap(({ isRefused, saved }) => (isRefused ? [] : [saved])));

  it.each([
    ['one target', () => prepared],
    ['two targets', () => forTwo],
  ])(`survives a bit that flips anywhere, with %s (CRM_TEST_SEED=${random.seed})`, async (_targets, which) => {
    const of = which();
    const { length } = bytesOf(of.directory);
    const outcomes = await outcomesOf(of, flipsAt(Array.from({ length: 60 }, () => random.below(length))));
    for (const outcome of Object.values(outcomes)) {
      if (outcome.isRefused || outcome.isRepaired) continue;
      // Nobody sees a bit of a text that is another.
      expect(outcome.changed).toBeLessThanOrEqual(1);
      expect(outcome.saved + outcome.changed).toBe(total(of));
    }
    // Nearly every bit belongs to one notification.
    const harmless = Object.values(outcomes).filter(({ saved }) => saved >= total(of) - 1);
    expect(harmless.length).toBeGreaterThan(50);
  });

  it(`keeps apart what is for two targets, whatever bit of their names flips (CRM_TEST_SEED=${random.seed})`, async () => {
    const bytes = bytesOf(forTwo.directory);
    const placesOf = (name: string): number[] => {
      const found: number[] = [];
      for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + 1)) found.push(at);
      return found;
    };
    const places = ['crm', 'other'].flatMap((name) => placesOf(name).map((at) => at + random.below(name.length)));
    // In rows, in the tally, and in the index by ids.
    expect(places.length).toBeGreaterThan(2 * total(forTwo));
    const drawn = Array.from({ length: 30 }, () => random.pick(places));
    const inTally = ['crm', 'other'].flatMap((name) => placesOf(name).slice(0, 2));
    for (const outcome of Object.values(await outcomesOf(forTwo, flipsAt([...drawn, ...inTally])))) {
      expect(outcome).toMatchObject({ saved: total(forTwo), changed: 0 });
    }
  });

  it(`survives a bit that flips where a page says what is on it (CRM_TEST_SEED=${random.seed})`, async () => {
    const pageCount = bytesOf(prepared.directory).length / pageSize;
    // Of the roots, which lead to everything, all may be lost; there are about ten.
    const offsets = Array.from({ length: 30 }, () => (10 + random.below(pageCount - 10)) * pageSize + random.below(40));
    expect(leastSaved(await outcomesOf(prepared, flipsAt(offsets)))).toBeGreaterThan(total(prepared) - 20);
  });

  it('survives a body of another kind, pending or dead', async () => {
    const bytes = bytesOf(prepared.directory);
    // Right before the values of a row, which begin with its target and its id, stands of what kind and how long the last is.
    const kindsOf = ({ id }: AcceptedNotification): number[] => {
      const at = bytes.indexOf(`crm${id}`);
      return [at - 2, at - 1];
    };
    const variants = [prepared.notifications[0]!, prepared.notifications.at(-1)!].flatMap(kindsOf).flatMap((at) =>
      Array.from({ length: 8 }, (_, bit): [string, (directory: string) => void] => [
        `bit ${bit} of byte ${at}`,
        (directory) => {
          rewrite(directory, (all) => flip(all, at, bit));
        },
      ]),
    );
    const saved = leastSaved(await outcomesOf(prepared, Object.fromEntries(variants)));
    expect(saved).toBeGreaterThanOrEqual(total(prepared) - 1);
  });

  it('survives a row that is looked for elsewhere on its page', async () => {
    const { id } = prepared.notifications.at(-6)!;
    const page = pagesOf(bytesOf(prepared.directory)).findIndex(
      (bytes) => bytes[0] === tableLeaf && bytes.includes(id),
    );
    // Behind the eight bytes of its head two for each row; the lower one says where on the page it is, to the byte.
    const variants = [9, 11, 13, 15, 17, 19].flatMap((at) =>
      [3, 4, 5, 6, 7].map((bit): [string, (directory: string) => void] => [
        `bit ${bit} of byte ${at}`,
        (directory) => {
          rewrite(directory, (bytes) => flip(bytes, page * pageSize + at, bit));
        },
      ]),
    );
    // A row may then be seen by whoever reads, and be hidden from whoever removes it.
    expect(leastSaved(await outcomesOf(prepared, Object.fromEntries(variants)))).toBeGreaterThan(total(prepared) - 20);
  });

  it(`saves everything whatever bit flips on the first page (CRM_TEST_SEED=${random.seed})`, async () => {
    const header = Array.from({ length: 34 }, (_, index) => Math.min(99, 3 * index + random.below(3)));
    const schema = Array.from({ length: 6 }, () => 100 + random.below(pageSize - 100));
    const outcomes = await outcomesOf(prepared, flipsAt([...header, ...schema]));
    expect(leastSaved(outcomes)).toBe(total(prepared));
    const refused = Object.keys(outcomes).filter((what) => outcomes[what]?.isRefused);
    for (const what of refused) expect(what).toMatch(/byte 6[0-3]$/);
  });

  describe('that was cut off', () => {
    const cutTo = (to: number) => (directory: string) => {
      rewrite(directory, (bytes) => bytes.subarray(0, to));
    };

    it('saves what stood before the cut', async () => {
      const { length } = bytesOf(prepared.directory);
      // Between pages, as a disk cuts: of half a page SQLite takes the rest for zeros, which nobody notices in a body.
      const cutToShare = (share: number): ((directory: string) => void) =>
        cutTo(Math.floor((length * share) / pageSize) * pageSize);
      const cuts: Readonly<Record<string, (directory: string) => void>> = {
        'a cut to 7/8': cutToShare(7 / 8),
        'a cut to 3/4': cutToShare(3 / 4),
        'a cut to 1/2': cutToShare(1 / 2),
        'a cut by one page': cutTo(length - pageSize),
      };
      const outcomes = await outcomesOf(prepared, cuts);
      for (const outcome of Object.values(outcomes)) expect(outcome).toMatchObject({ isRepaired: true, changed: 0 });
      expect(outcomes['a cut by one page']!.saved).toBeGreaterThan(total(prepared) - 10);
      expect(outcomes['a cut to 7/8']!.saved).toBeGreaterThan(total(prepared) * 0.8);
      expect(outcomes['a cut to 3/4']!.saved).toBeGreaterThan(total(prepared) * 0.6);
      expect(outcomes['a cut to 1/2']!.saved).toBeGreaterThan(total(prepared) * 0.3);
    });

    const nearTheFront = [0, 1, 15, 16, 99, 100, 511, 512, 4095, 4096, 4097];
    const cutsNearTheFront = Object.fromEntries(nearTheFront.map((to) => [`a cut to ${to}`, cutTo(to)]));

    it('has nothing but goes on when it was cut near its front', async () => {
      const { 'a cut to 0': emptied, ...others } = await outcomesOf(prepared, cutsNearTheFront);
      for (const outcome of Object.values(others)) expect(outcome).toMatchObject({ isRepaired: true, saved: 0 });
      // One of no length is what a process leaves that was killed right after making it.
      expect(emptied).toMatchObject({ isRepaired: false, saved: 0 });
    });

    it('saves everything that is in its log', async () => {
      const outcomes = await outcomesOf(withLog, cutsNearTheFront);
      for (const outcome of Object.values(outcomes))
        expect(outcome).toMatchObject({ saved: total(withLog), changed: 0 });
    });
  });

  it(`survives whole pages of zeros or garbage (CRM_TEST_SEED=${random.seed})`, async () => {
    const pageCount = bytesOf(prepared.directory).length / pageSize;
    const overwrite = (page: number, fill: Buffer) => (directory: string) => {
      rewrite(directory, (bytes) =>
        Buffer.concat([bytes.subarray(0, page * pageSize), fill, bytes.subarray((page + 1) * pageSize)]),
      );
    };
    const zeros = (page: number) => [`page ${page} of zeros`, overwrite(page, Buffer.alloc(pageSize))] as const;
    const garbage = (page: number) => {
      const bytes = Buffer.from(Array.from({ length: pageSize }, () => random.below(256)));
      return [`page ${page} of garbage`, overwrite(page, bytes)] as const;
    };
    const beyondRoots = (): number => 10 + random.below(pageCount - 10);
    const leaves = Array.from({ length: 8 }, () => [zeros(beyondRoots()), garbage(beyondRoots())]).flat();
    // The largest page holds about a dozen small ones.
    expect(leastSaved(await outcomesOf(prepared, Object.fromEntries(leaves)))).toBeGreaterThan(total(prepared) - 20);
    expect(leastSaved(await outcomesOf(prepared, Object.fromEntries([zeros(0), garbage(0)])))).toBe(total(prepared));
    // The roots of tables and indexes: all may be lost with them, but it goes on.
    const roots = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((page) => (page % 2 === 0 ? zeros(page) : garbage(page)));
    await outcomesOf(prepared, Object.fromEntries(roots));
  });

  it(`survives a log that is gone, cut or garbled (CRM_TEST_SEED=${random.seed})`, async () => {
    const log = 'outbox.db-wal';
    const { length } = bytesOf(withLog.directory, log);
    const cuts = [0, 1, 31, 32, 33, length / 4, (length * 3) / 4, length - 1].map(Math.floor);
    // In the last transaction too, which SQLite then writes over.
    const flips = [
      ...Array.from({ length: 10 }, () => random.below(length)),
      ...Array.from({ length: 30 }, () => length - 1 - random.below(60_000)),
    ];
    const outcomes = await outcomesOf(withLog, {
      'the log deleted': (directory) => {
        rmSync(join(directory, log));
      },
      'a log of garbage': (directory) => {
        rewrite(directory, (bytes) => bytes.fill(0x5a), log);
      },
      ...Object.fromEntries(
        cuts.map((to) => [
          `a log cut to ${to}`,
          (directory: string) => {
            rewrite(directory, (bytes) => bytes.subarray(0, to), log);
          },
        ]),
      ),
      ...flipsAt(flips, log),
    });
    // What was committed before the damage is there, and all of it is as it was.
    for (const { changed } of Object.values(outcomes)) expect(changed).toBe(0);
    expect(outcomes[`a log cut to ${length - 1}`]!.saved).toBeGreaterThanOrEqual(total(withLog) - 10);
    expect(outcomes[`a log cut to ${Math.floor((length * 3) / 4)}`]!.saved).toBeGreaterThan(total(withLog) / 2);
  });

  it('does not need the shared memory, whatever is in it', async () => {
    const outcomes = await outcomesOf(withLog, {
      'shared memory deleted': (directory) => {
        rmSync(join(directory, 'outbox.db-shm'));
      },
      'shared memory of garbage': (directory) => {
        rewrite(directory, (bytes) => bytes.fill(0x5a), 'outbox.db-shm');
      },
    });
    for (const outcome of Object.values(outcomes)) {
      expect(outcome).toMatchObject({ isRepaired: false, saved: total(withLog), changed: 0 });
    }
  });
});

function pagesOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / pageSize }, (_, at) => bytes.subarray(at * pageSize, (at + 1) * pageSize));
}

function flip(bytes: Buffer, offset: number, bit: number): Buffer {
  bytes[offset]! ^= 1 << bit;
  return bytes;
}

/** Opens an outbox and uses everything it has. Fails when that throws, or when more comes out than was put in. */
async function surviveIn(directory: string, { notifications }: PreparedOutbox): Promise<Outcome> {
  const repairs: Error[] = [];
  let outbox: Outbox;
  try {
    outbox = await openOutboxIn(directory, 'normal', (error) => repairs.push(error));
  } catch (error) {
    if (!(error instanceof CRMConfigError) || !error.message.includes('newer express-crm-notifier')) throw error;
    return { isRefused: true, isRepaired: false, saved: 0, changed: 0 };
  }
  outbox.counts();
  const added = sampleNotifications(5, { lane: 'new' });
  outbox.append(added);
  readEverything(outbox);
  outbox.redeliverOldest({ upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }, sampleAt);
  outbox.maintain();
  const pending = [...readEverything(outbox).pending];
  expect(outbox.nextInLane('crm', 'new', 0)).toMatchObject({ id: added[0]!.id });
  const settle = (entries: readonly PendingNotification[]): void => {
    outbox.settle(entries.map(({ target, id, position }) => ({ kind: 'delivered', target, id, position })));
  };
  const repairCount = repairs.length;
  settle(pending);
  outbox.counts();
  if (repairs.length > repairCount) {
    // Some were hidden from reading, and settling or counting met the damage. The mended file has them.
    const found = readEverything(outbox).pending;
    settle(found);
    pending.push(...found);
  }
  expect(outbox.counts()).toEqual({ pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined });
  outbox.close();

  // No damage is left behind, and the damaged file is kept.
  const again = await openOutboxIn(directory, 'normal', failWith);
  expect(readEverything(again)).toEqual({ pending: [], dead: [] });
  again.close();
  const asideNames = asideNamesIn(directory);
  expect(asideNames).toHaveLength(repairs.length);
  for (const name of asideNames) expect(modeOf(join(directory, name))).toBe('600');
  return { isRefused: false, isRepaired: repairs.length > 0, ...compare(pending, notifications, added) };
}

function failWith(error: Error): never {
  throw error;
}

function compare(
  found: readonly AcceptedNotification[],
  stored: readonly AcceptedNotification[],
  added: readonly AcceptedNotification[],
): Pick<Outcome, 'saved' | 'changed'> {
  const nameOf = ({ target, id }: AcceptedNotification): string => `${id} for ${target}`;
  expect(new Set(found.map(nameOf)).size).toBe(found.length);
  const originals = new Map([...stored, ...added].map((original) => [nameOf(original), original]));
  const genuine = found.filter((notification) => {
    const { type, lane, body } = notification;
    const original = originals.get(nameOf(notification));
    return (
      original?.type === type &&
      original.lane === lane &&
      Buffer.compare(Buffer.from(original.body), Buffer.from(body)) === 0
    );
  });
  const isAdded = new Set(added.map(({ id }) => id));
  const saved = genuine.filter(({ id }) => !isAdded.has(id)).length;
  expect(genuine).toHaveLength(saved + added.length);
  return { saved, changed: found.length - genuine.length };
}
