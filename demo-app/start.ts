import { parseArgs } from 'node:util';
import { runMain, StartError } from './runtime/run-main.js';
import { superviseShared } from './supervisor/supervise-shared.js';
import { supervise } from './supervisor/supervise.js';

const USAGE = `Usage: npm run demo [-- --postgres | --help]

Starts the booking app and the CRM service, each as a process of its own, serves a page that shows both, and prints how to try
them: on the page or with curl.

Options:
  --postgres      two booking apps that share an outbox in PostgreSQL, in which their bookings are, too: kill the one that
                  delivers, and the other takes over. Starts a server of its own, and removes it at the end
  --help          prints this

Variables:
  DEMO_PORT       port of the page         (3000; 0 for any free one)
                  The booking apps have the next ones, or others that are free
  CRM_PORT        port of the CRM service  (5001; 0 for any free one)
  CRM_AUTH_TOKEN  token the CRM asks for   (your-secret-token)
  DEMO_CRM_CONTROL_PORT
                  port at which the page controls the CRM  (0, any free one)
  DEMO_DATA_DIR   where their files are    (demo-app/data). Not used with --postgres, which leaves nothing behind
  PG_BIN          directory of the programs initdb and postgres, for --postgres  (where Debian has them, or PATH)
  DEMO_POSTGRES_URL
                  a PostgreSQL to use instead, for example that of compose.yaml; a database is made in it, and dropped

If a default port is taken, a free one is used. If a port that you set is taken, the start fails.
Every other CRM_* variable is for the notifier in the booking app.`;

await runMain(async () => {
  const { postgres, help } = readOptions();
  if (help) console.log(USAGE);
  else await (postgres ? superviseShared : supervise)(process.env);
});

function readOptions(): { readonly postgres: boolean; readonly help: boolean } {
  const options = { postgres: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}
