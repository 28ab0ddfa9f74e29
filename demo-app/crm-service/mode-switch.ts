import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestHandler } from 'express';
import { listen } from '../runtime/listen.js';
import { HttpError } from '../web/http-error.js';

/** `down`: its port refuses connections. `slow`: 2 to 3 seconds for an answer. `wrong-token`: it refuses every token. */
export const CRM_MODES = ['ok', 'down', 'slow', 'wrong-token'] as const;
export type CrmMode = (typeof CRM_MODES)[number];

export interface ModeSwitch {
  readonly mode: CrmMode;
  /** Resolves once it is so, one change after the other. What the CRM has it keeps. */
  set(mode: CrmMode): Promise<void>;
  /** For `createCrmService`. */
  readonly trouble: RequestHandler;
}

const SLOW_MS = 2000;
const SLOW_SPREAD_MS = 1000;

/** Makes the service behind this server behave as badly as a CRM may, and well again. */
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

    trouble(_req, res, next) {
      if (mode === 'wrong-token') throw new HttpError(401, 'This token is not valid any more');
      if (mode !== 'slow') {
        next();
        return;
      }
      const answer = setTimeout(next, SLOW_MS + Math.random() * SLOW_SPREAD_MS);
      // Whoever does not wait for the answer has told nothing.
      res.once('close', () => {
        clearTimeout(answer);
      });
    },
  };
}
