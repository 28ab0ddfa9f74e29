import { chmodSync, chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { claimOutbox } from '../../../src/post-office/outbox-claim.js';
import { usePrograms } from '../../helpers/child-program.js';
import { snapshotOf } from '../../helpers/directory-snapshot.js';
import { modeOf } from '../../helpers/prepared-outbox.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

const user = 54_321;
/** Becoming another user takes root. */
const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('F12: the directory of an outbox', () => {
  const directory = useTempDirectory();
  const start = usePrograms();
  const place = (): string => join(directory(), 'place');

  /** What becomes of an outbox that the other user opens in a process of its own. */
  const outcomeAt = async (path: string): Promise<string> => {
    const program = start('open-outbox', { args: [path, String(user)] });
    const line = await Promise.race([program.line('open'), program.line('refused')]);
    program.kill('SIGTERM');
    await program.ended;
    return line;
  };
  const refusal = (problem: string): string =>
    `refused: configuration is not valid: outbox (CRM_OUTBOX): ${problem}. Or give a directory that this user may write to. ` +
    'The outbox needs a directory of its own on a local disk';

  it('F12: is made with its parents, which are as open as any, also when they are deleted while it is in use', async () => {
    const previous = process.umask(0o022);
    const paths = [place(), join(place(), 'data'), join(place(), 'data', 'outbox')];
    try {
      const outbox = await openOutboxIn(join(place(), 'data', 'outbox'));
      expect(paths.map(modeOf)).toEqual(['755', '755', '700']);
      rmSync(place(), { recursive: true });
      outbox.maintain();
      expect(paths.map(modeOf)).toEqual(['755', '755', '700']);
      outbox.close();
    } finally {
      process.umask(previous);
    }
  });

  it('F12: is refused where one of its files cannot be opened, which is named', () => {
    mkdirSync(join(place(), 'outbox.db-claim'), { recursive: true });
    expect(() => claimOutbox(place())).toThrow(`${place()}/outbox.db-claim cannot be used (EISDIR)`);
  });

  describe('as another user than its owner (as root)', () => {
    beforeEach(() => {
      chmodSync(directory(), 0o755);
      mkdirSync(place());
    });

    asRoot(
      'F12: is refused where it cannot be written to, with its owner, its mode, the user and the fix',
      async () => {
        chmodSync(place(), 0o755);
        const before = snapshotOf(directory());
        const facts = `belongs to user 0 and has mode 0755, and this process is user ${user}`;
        expect(await outcomeAt(place())).toBe(
          refusal(`${place()} cannot be used: it ${facts}. As root, run: chown ${user} ${place()}`),
        );
        const inside = join(place(), 'data', 'outbox');
        expect(await outcomeAt(inside)).toBe(
          refusal(
            `${inside} cannot be made: ${place()} ${facts}. As root, run: mkdir -p ${inside} && chown ${user} ${inside}`,
          ),
        );
        expect(snapshotOf(directory())).toEqual(before);
      },
    );

    asRoot('F12: is taken once that is done', async () => {
      const inside = join(place(), 'data', 'outbox');
      mkdirSync(inside, { recursive: true });
      chownSync(inside, user, 0);
      expect(await outcomeAt(inside)).toBe('open');
    });

    asRoot('F12: is refused where its mode shuts out its owner', async () => {
      chownSync(place(), user, user);
      chmodSync(place(), 0o500);
      expect(await outcomeAt(place())).toBe(
        refusal(
          `${place()} cannot be used: it belongs to user ${user} and has mode 0500, and this process is user ${user}. ` +
            `Run: chmod u+rwx ${place()}`,
        ),
      );
    });

    asRoot('F12: is refused where the way to it is closed', async () => {
      chmodSync(place(), 0o700);
      const inside = join(place(), 'my outbox');
      mkdirSync(inside, { mode: 0o777 });
      expect(await outcomeAt(inside)).toBe(
        refusal(
          `${inside} cannot be reached: ${place()} belongs to user 0 and has mode 0700, and this process is user ${user}. ` +
            `As root, run: chmod o+x ${place()}`,
        ),
      );
    });

    asRoot('F12: is refused where everybody may write to it, as to the volume of a container', async () => {
      chmodSync(place(), 0o777);
      const refused = await outcomeAt(place());
      expect(refused).toContain(
        `${place()} cannot be kept from others (mode 0700): ` +
          `it belongs to user 0 and has mode 0777, and this process is user ${user}. ` +
          `Give one inside it, such as ${join(place(), 'crm-outbox')}, or one that belongs to the user who runs the app`,
      );
      expect(await outcomeAt(join(place(), 'crm-outbox'))).toBe('open');
      expect(statSync(join(place(), 'crm-outbox'))).toMatchObject({ uid: user });
    });

    asRoot('F12: is refused where a file in it was left by another user', async () => {
      chownSync(place(), user, user);
      (await openOutboxIn(place())).close();
      const refused = await outcomeAt(place());
      expect(refused).toContain(`belongs to user 0, and this is user ${user}`);
      expect(refused).toContain(`as root, run: chown ${user} ${place()}/outbox.db*`);
    });
  });
});
