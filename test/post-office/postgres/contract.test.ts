import { postgresOutbox, type PostgresOutbox } from '../../../src/postgres/index.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { builtThreadFile } from '../built-thread.js';
import { inlineHost, threadHost } from '../observed-office.js';
import { describePostOfficeContract } from '../post-office-conformance.js';

describeOnPostgres('the post office on a server', () => {
  const createDatabase = usePostgres();
  const useServer = (): (() => PostgresOutbox) => {
    let url = '';
    beforeEach(async () => {
      url = await createDatabase();
    });
    return () => postgresOutbox({ connectionString: url });
  };

  describe('in the app’s thread', () => {
    describePostOfficeContract({ createHost: inlineHost, isOnDisk: false, useServer });
  });

  describe('in a thread of its own', () => {
    describePostOfficeContract({ createHost: threadHost(builtThreadFile), isOnDisk: false, useServer });
  });
});
