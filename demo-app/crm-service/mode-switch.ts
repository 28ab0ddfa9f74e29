import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestHandler } from 'express';
import { listen } from '../runtime/listen.js';
import { HttpError } from '../web/errors.js';

/**
 * `down`: the port refuses connections. `slow`: responses take 2 to 3 seconds. `wrong-token`: every token gets a 401.
 * `rejecting`: every notification gets a 422.
 */
export const CRM_MODES = ['ok', 'down', 'slow', 'wrong-token', 'rejecting'] as const;
export type CrmMode = (typeof CRM_MODES)[number];

export interface ModeSwitch {
  readonly mode: CrmMode;
  /** Resolves once the mode applies. Calls run one after the other. The CRM keeps what it has received. */
  set(mode: CrmMode): Promise<void>;
  /** For `createCrmService`. */
  readonly fault: RequestHandler;
}

const SLOW_MS = 2000;
const SLOW_SPREAD_MS = 1000;

/** Makes the service on this server fail as a real CRM may, and work again. */
export function createModeSwitch(server: Server): ModeSwitch {
  let mode: CrmMode = 'ok';
  let port = 0;
  let lastChange = Promise.resolve();

  async function change(next: CrmMode): Promise<void> {
    if (next === 'down' && server.listening) {
      ({ port } = server.address() as AddressInfo);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    } else if (next !== 'down' && !server.listening) {
      await listen(server, { variable: 'CRM_PORT', port, configured: true });
    }
    mode = next;
  }

  return {
    get mode() {
      return mode;
    },

    set(next) {
      const changed = lastChange.then(() => change(next));
      lastChange = changed.catch(() => undefined);
      return changed;
    },

    fault(req, res, next) {
      if (mode === 'wrong-token') throw new HttpError(401, 'This token is not valid any more');
      if (mode === 'rejecting' && req.method === 'POST')
        throw new HttpError(422, 'This notification is not acceptable');
      if (mode !== 'slow') {
        next();
        return;
      }
      const response = setTimeout(next, SLOW_MS + Math.random() * SLOW_SPREAD_MS);
      // If the client disconnects first, its notification is not taken.
      res.once('close', () => {
        clearTimeout(response);
      });
    },
  };
}
