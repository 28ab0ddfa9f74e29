import { isBuiltin } from 'node:module';
import { CRMConfigError } from '../../src/core/errors.js';
import { sampleNotifications } from '../helpers/sample-notification.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { builtThreadFile, troubleFile } from './built-thread.js';
import { threadHost, useOffices } from './observed-office.js';
import { describePostOfficeContract } from './post-office-conformance.js';

describe('the post office in a thread of its own', () => {
  describePostOfficeContract({ createHost: threadHost(builtThreadFile), isOnDisk: true });

  const onlyWithoutBuiltin = isBuiltin('node:sqlite') ? describe.skip : describe;
  onlyWithoutBuiltin('without @photostructure/sqlite', () => {
    const create = useOffices(threadHost(troubleFile('thread-without-sqlite')));
    const directory = useTempDirectory();

    it('says how to mend that, and does not try again', async () => {
      const office = create({ outbox: directory() });
      const error: unknown = await office.ready().catch((refusal: unknown) => refusal);
      expect(error).toBeInstanceOf(CRMConfigError);
      expect(error).toMatchObject({
        issues: [
          {
            path: 'outbox (CRM_OUTBOX)',
            message: expect.stringContaining('npm install @photostructure/sqlite') as string,
          },
        ],
      });
      expect(await office.accept(sampleNotifications(1))).toMatchObject([{ reason: 'closed' }]);
      expect(office.told('outboxFailed')).toMatchObject([{ operation: 'open' }]);
      await office.close(1_000);
      expect(office.closedCount).toBe(1);
    });
  });
});
