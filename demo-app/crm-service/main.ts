import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { listen } from '../runtime/listen.js';
import { runMain } from '../runtime/run-main.js';
import { runService } from '../runtime/run-service.js';
import { DEFAULT_CRM_PORT, readCrmAuthToken, readDataDirectory, readPort } from '../runtime/settings.js';
import { createCrmControl } from './create-crm-control.js';
import { createCrmService } from './create-crm-service.js';
import { createModeSwitch } from './mode-switch.js';
import { openNotificationStore } from './notification-store.js';

await runMain(async () => {
  const port = readPort(process.env, 'CRM_PORT', DEFAULT_CRM_PORT);
  const controlSetting = readPort(process.env, 'DEMO_CRM_CONTROL_PORT', 0);
  const authToken = readCrmAuthToken(process.env);
  const dataDirectory = readDataDirectory(process.env, dirname(import.meta.dirname));

  const logger = pino({ name: 'crm-service' });
  const store = openNotificationStore(join(dataDirectory, 'crm.sqlite'));
  const server = createServer();
  const modeSwitch = createModeSwitch(server);
  server.on('request', createCrmService({ store, authToken, logger, fault: modeSwitch.fault }));
  const control = createServer(createCrmControl({ store, modeSwitch, authToken, logger }));
  const controlPort = await listen(control, controlSetting);

  await runService({
    server,
    port,
    controlPort,
    logger,
    close: () => {
      control.close();
      control.closeAllConnections();
      store.close();
    },
  });
});
