import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Destiny } from './fates.js';
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

export interface Booking extends Destiny {
  /** The steps that a client saw succeed, and when, in milliseconds since 1970. */
  readonly seen: ReadonlyMap<number, number>;
}

export interface Load {
  readonly counts: Readonly<LoadCounts>;
  readonly bookings: ReadonlyMap<number, Booking>;
  /** Clients besides the others: each takes one booking through its steps, at this app. Resolves when all are answered. */
  burst(app: Program, count: number, steps: number): Promise<void>;
  /** Asks an app for something else than a booking, over a connection that is open already, if one is free. */
  ask(app: Program, path: string): Promise<number | undefined>;
  /** Clients wait between two requests, until `resume`; resolves when all do. */
  quieten(): Promise<void>;
  /** Each client waits so long before each request, until `resume`. */
  slowDown(betweenMs: number): void;
  resume(): void;
  /** Calls back once, at the next success but so many that is seen from this app, before anything else is done. */
  onSuccess(app: Program, afterCount: number, callback: () => void): void;
  /** No more requests; resolves when the last one is answered. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** Where a client's app is; undefined while there is none. */
  readonly appOf: (client: number) => Program | undefined;
  readonly nextDestiny: () => Destiny;
}

const clientCount = 16;
const stepsOfBooking = 20;

/** Clients that take bookings through their steps, one step after the other, as fast as they are answered. */
export function startLoad({ appOf, nextDestiny }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const counts: LoadCounts = { sent: 0, succeeded: 0, failed: 0, brokenOff: 0 };
  const bookings = new Map<number, Destiny & { readonly seen: Map<number, number> }>();
  const watchers = new Map<number, () => void>();
  const bursts = new Set<Promise<void>>();
  const state = { isOver: false, isQuiet: false, betweenMs: 0, waitingCount: 0 };

  /** Waits for an app to send to; undefined when the load is over. */
  const nextApp = async (client: number): Promise<Program | undefined> => {
    state.waitingCount += 1;
    try {
      if (state.betweenMs > 0) await pause(state.betweenMs * (0.5 + Math.random()));
      while (!state.isOver) {
        const app = state.isQuiet ? undefined : appOf(client);
        if (app !== undefined) return app;
        await pause(2);
      }
      return undefined;
    } finally {
      state.waitingCount -= 1;
    }
  };

  const runBooking = async (next: () => Promise<Program | undefined>, steps: number): Promise<void> => {
    const booking = bookings.size + 1;
    const { fate, isOfOwnType } = nextDestiny();
    const seen = new Map<number, number>();
    bookings.set(booking, { fate, isOfOwnType, seen });
    const path = `${isOfOwnType ? '/odd-bookings' : '/bookings'}/${booking}/steps`;
    const query = fate === undefined ? '' : `?fate=${fate}`;
    for (let step = 1; step <= steps; step += 1) {
      const app = await next();
      if (app === undefined) return;
      counts.sent += 1;
      const status = await post(agent, app.port, `${path}/${step}${query}`);
      if (status === 201) {
        counts.succeeded += 1;
        seen.set(step, Date.now());
        watchers.get(app.pid)?.();
      } else if (status === undefined) counts.brokenOff += 1;
      else counts.failed += 1;
    }
  };

  const runClient = async (client: number): Promise<void> => {
    while (!state.isOver) await runBooking(() => nextApp(client), stepsOfBooking);
  };

  const clients = Array.from({ length: clientCount }, (_, client) => runClient(client));
  return {
    counts,
    bookings,
    async burst(app, count, steps) {
      const runs = Array.from({ length: count }, () => runBooking(() => Promise.resolve(app), steps));
      const burst = Promise.all(runs).then(() => undefined);
      bursts.add(burst);
      await burst;
      bursts.delete(burst);
    },
    ask: (app, path) => post(agent, app.port, path),
    async quieten() {
      state.isQuiet = true;
      while (state.waitingCount < clientCount && !state.isOver) await pause(2);
    },
    slowDown(betweenMs) {
      state.betweenMs = betweenMs;
    },
    resume() {
      state.isQuiet = false;
      state.betweenMs = 0;
    },
    onSuccess(app, afterCount, callback) {
      let leftCount = afterCount;
      watchers.set(app.pid, () => {
        leftCount -= 1;
        if (leftCount >= 0) return;
        watchers.delete(app.pid);
        callback();
      });
    },
    async stop() {
      state.isOver = true;
      await Promise.all([...clients, ...bursts]);
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
