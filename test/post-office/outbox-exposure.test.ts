import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNotifier } from '../../src/index.js';
import { claimOutbox } from '../../src/post-office/outbox-claim.js';
import { usePrograms } from '../helpers/child-program.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { testToken } from '../helpers/stage.js';
import { useTempDirectory } from '../helpers/temp-directory.js';

const stranger = 54_321;
const user = String(process.geteuid?.());
/** Giving something to another user takes root. */
const asRoot = process.geteuid?.() === 0 ? it : it.skip;

describe('A20: an outbox that others may change', () => {
  const root = useTempDirectory();
  const start = usePrograms();
  const directory = (): string => join(root(), 'outbox');
  beforeEach(() => {
    mkdirSync(directory());
  });

  /** What a notifier says of it at its start. */
  const warningsOf = async (): Promise<string[]> => {
    const log = createLogCollector();
    const baseUrl = 'http://127.0.0.1:9';
    const crm = createNotifier({
      outbox: directory(),
      baseUrl,
      authToken: testToken,
      logger: log,
      env: {},
      thread: false,
    });
    await crm.ready();
    await crm.close({ timeoutMs: 1 });
    return log.at('warn').map(({ message }) => message);
  };
  const addNotes = (): void => {
    writeFileSync(join(directory(), 'notes.txt'), 'mine');
  };
  const ownDirectory = 'or give the outbox a directory of its own';

  it('is not spoken of where it is closed to others, or can be', async () => {
    expect(await warningsOf()).toEqual([]);
    chmodSync(directory(), 0o777);
    expect(await warningsOf()).toEqual([]);
    expect(statSync(directory()).mode & 0o7777).toBe(0o700);
    addNotes();
    chmodSync(directory(), 0o755);
    expect(await warningsOf()).toEqual([]);
  });

  it.each([
    [0o777, 'its group and everybody (mode 0777), who can replace what is in it'],
    [0o770, 'its group (mode 0770), who can replace what is in it'],
    [0o702, 'everybody (mode 0702), who can replace what is in it'],
    [
      0o1777,
      'its group and everybody (mode 1777), who can put files of theirs beside the outbox’s; the sticky bit keeps them from ' +
        'replacing those',
    ],
  ])('is named where its directory holds other things and has mode %i', async (mode, problem) => {
    addNotes();
    chmodSync(directory(), mode);
    expect(await warningsOf()).toEqual([
      `CRM outbox: its directory is writable by ${problem}: chmod 700 it, ${ownDirectory}`,
    ]);
    expect(statSync(directory()).mode & 0o7777).toBe(mode);
  });

  asRoot("is named where its directory is another user's", async () => {
    chownSync(directory(), stranger, stranger);
    expect(await warningsOf()).toEqual([
      `CRM outbox: its directory belongs to user ${stranger}, who can replace what is in it: ` +
        `chown it to the user who runs the app (${user}), ${ownDirectory}`,
    ]);
  });

  asRoot("is named to root where its file is another user's", async () => {
    expect(await warningsOf()).toEqual([]);
    chownSync(join(directory(), 'outbox.db'), stranger, stranger);
    expect(await warningsOf()).toEqual([
      `CRM outbox: its file belongs to user ${stranger}, who can change what is sent: ` +
        'run the app as that user, or chown the directory and what is in it to the user who runs the app',
    ]);
  });

  asRoot("is refused by a user who is not root where its file is another user's", async () => {
    claimOutbox(directory()).release();
    addNotes();
    chmodSync(root(), 0o755);
    chmodSync(directory(), 0o777);
    const program = start('open-outbox', { args: [directory(), String(stranger)] });
    const line = await Promise.race([program.line('open'), program.line('refused')]);
    program.kill('SIGTERM');
    expect(line).toContain(
      `has an outbox.db in it that belongs to user 0, and this is user ${stranger}; ` +
        'give one that belongs to the user who runs the app',
    );
  });
});
