import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { runMain } from '../runtime/run-main.js';
import { runService } from '../runtime/run-service.js';
import { DEFAULT_CRM_PORT, readCrmAuthToken, readDataDirectory, readPort } from '../runtime/settings.js';
import { createCrmService } from './create-crm-service.js';
import { openNotificationStore } from './notification-store.js';

await runMain(async () => {
  const port = readPort(process.env, 'CRM_PORT', DEFAULT_CRM_PORT);
  const authToken = readCrmAuthToken(process.env);
  const dataDirectory = readDataDirectory(process.env, dirname(import.meta.dirname));

  const logger = pino({ name: 'crm-service' });
  const store = openNotificationStore(join(dataDirectory, 'crm.sqlite'));
  await runService({
    app: createCrmService({ store, authToken, logger }),
    port,
    logger,
    close: () => {
      store.close();
    },
  });
});
