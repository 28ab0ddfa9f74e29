import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { listen, notifyParent } from './listen.js';
import { KILLED_BY_CTRL_C, onStopRequest } from './on-stop-request.js';
import type { PortSetting } from './settings.js';

export interface Service {
  readonly server: Server;
  readonly port: PortSetting;
  /** Sent to the parent process. */
  readonly controlPort?: number | undefined;
  readonly logger: Logger;
  /** Closes what the app uses; called once no request is under way any more. */
  readonly close: () => Promise<void> | void;
}

/** How long a stop waits for open requests before it cuts their connections. */
const DRAIN_MS = 5000;

/** Serves until the process is asked to stop, then ends it. Resolves once the service listens. */
export async function runService({ server, port, controlPort, logger, close }: Service): Promise<void> {
  onStopRequest({
    stop: () => void stop(),
    kill: () => process.exit(KILLED_BY_CTRL_C),
  });
  const actualPort = await listen(server, port);
  notifyParent({ kind: 'listening', port: actualPort, controlPort });
  if (port.port !== 0 && port.port !== actualPort) logger.warn(`port ${port.port} is taken, took a free one`);
  logger.info(`listening at http://localhost:${actualPort}`);

  async function stop(): Promise<void> {
    try {
      await closeServer(server);
      await close();
      logger.info('stopped');
      process.exit(0);
    } catch (error) {
      logger.error({ err: error }, 'could not stop cleanly');
      process.exit(1);
    }
  }
}

function closeServer(server: Server): Promise<void> {
  const deadline = setTimeout(() => {
    server.closeAllConnections();
  }, DRAIN_MS);
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
