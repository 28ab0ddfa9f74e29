import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CRMConfigError, createNotifier } from '../../src/index.js';
import { testToken, useNotifiers } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

describe('a second notifier on the outbox of another (case 15)', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  const refusalOf = (outbox: string): unknown => {
    try {
      createNotifier({ outbox, authToken: testToken, env: {} });
    } catch (error) {
      return error;
    }
    throw new Error('not refused');
  };

  it('is refused at once, whatever the way to the directory, and the first goes on', async () => {
    const crm = await start();
    const outbox = join(directory(), 'outbox');
    const first = create({ baseUrl: crm.url, outbox, sync: 'normal' });
    symlinkSync(directory(), join(directory(), 'link'));
    for (const path of [outbox, `${outbox}/`, relative(process.cwd(), outbox), join(directory(), 'link', 'outbox')]) {
      const error = refusalOf(path);
      expect(error).toBeInstanceOf(CRMConfigError);
      expect((error as Error).message).toMatch(/outbox \(CRM_OUTBOX\).*another notifier of this process; share one/);
    }
    await first.accept('a');
    await first.hear('delivered');
  });

  it('is welcome once the first is closed', async () => {
    const crm = await start();
    const options = { baseUrl: crm.url, outbox: directory(), sync: 'normal' } as const;
    for (let round = 1; round <= 3; round += 1) {
      const notifier = create(options);
      await notifier.accept('a');
      expect(refusalOf(directory())).toBeInstanceOf(CRMConfigError);
      expect(await notifier.close()).toMatchObject({ pending: 0 });
    }
    expect(crm.received).toHaveLength(3);
  });

  it('is no second one in memory, or in a directory of its own', async () => {
    const crm = await start();
    const notifiers = [':memory:', ':memory:', join(directory(), 'a'), join(directory(), 'b')].map((outbox) =>
      create({ baseUrl: crm.url, outbox, sync: 'normal' }),
    );
    for (const notifier of notifiers) await notifier.accept('a');
    await crm.waitFor(4);
  });
});
