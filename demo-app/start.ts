import { runMain } from './runtime/run-main.js';
import { supervise } from './supervisor/supervise.js';

const USAGE = `Usage: npm run demo [-- --help]

Starts the booking app and the CRM service, each as a process of its own, and prints how to try them: on a page or with curl.

Variables:
  DEMO_PORT       port of the booking app  (3000; 0 for any free one)
  CRM_PORT        port of the CRM service  (5001; 0 for any free one)
  CRM_AUTH_TOKEN  token the CRM asks for   (your-secret-token)
  DEMO_CRM_CONTROL_PORT
                  port at which the page controls the CRM  (0, any free one)
  DEMO_DATA_DIR   where their files are    (demo-app/data)

If a default port is taken, a free one is used. If a port that you set is taken, the start fails.
Every other CRM_* variable is for the notifier in the booking app.`;

if (process.argv.includes('--help')) console.log(USAGE);
else await runMain(() => supervise(process.env));
