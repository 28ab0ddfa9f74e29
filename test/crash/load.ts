import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Program } from './program.js';

/** What clients asked for and what they saw. */
export interface LoadCounts {
  sent: number;
  /** Answered 201. */
  succeeded: number;
  /** Answered with another status. */
  failed: number;
  /** The connection broke: nobody knows whether the booking was made. */
  brokenOff: number;
}

export interface Load {
  readonly counts: Readonly<LoadCounts>;
  /** The steps of each booking that a client saw succeed. */
  readonly seen: ReadonlyMap<number, ReadonlySet<number>>;
  /** No more requests; resolves when the last one is answered. */
  stop(): Promise<void>;
}

const clientCount = 16;
const stepsOfBooking = 20;

/**
 * Clients that take bookings through their steps, one step after the other, as fast as they are answered. `appOf` tells a
 * client where its app is, and undefined while there is none.
 */
export function startLoad(appOf: (client: number) => Program | undefined): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const counts: LoadCounts = { sent: 0, succeeded: 0, failed: 0, brokenOff: 0 };
  const seen = new Map<number, Set<number>>();
  const state = { isOver: false };

  /** Waits for an app to send to; undefined when the load is over. */
  const nextApp = async (client: number): Promise<Program | undefined> => {
    while (!state.isOver) {
      const app = appOf(client);
      if (app !== undefined) return app;
      await pause(2);
    }
    return undefined;
  };

  const runClient = async (client: number): Promise<void> => {
    for (;;) {
      const booking = seen.size + 1;
      const steps = new Set<number>();
      seen.set(booking, steps);
      for (let step = 1; step <= stepsOfBooking; step += 1) {
        const app = await nextApp(client);
        if (app === undefined) return;
        counts.sent += 1;
        const status = await post(agent, app.port, `/bookings/${booking}/steps/${step}`);
        if (status === 201) {
          counts.succeeded += 1;
          steps.add(step);
        } else if (status === undefined) counts.brokenOff += 1;
        else counts.failed += 1;
      }
    }
  };

  const clients = Array.from({ length: clientCount }, (_, client) => runClient(client));
  return {
    counts,
    seen,
    async stop() {
      state.isOver = true;
      await Promise.all(clients);
      agent.destroy();
    },
  };
}

/** The status, or undefined when the connection broke. */
export function post(agent: Agent | undefined, port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent }, (res) => {
      res.resume();
      res.on('end', () => {
        resolve(res.complete ? res.statusCode : undefined);
      });
      res.on('error', () => {
        resolve(undefined);
      });
    });
    call.on('error', () => {
      resolve(undefined);
    });
    call.end();
  });
}
