import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../helpers/seeded-random.js';
import type { App } from './machine.js';

/** What clients asked for and what they saw. */
export interface LoadCounts {
  sent: number;
  /** Answered 201. */
  succeeded: number;
  /** Answered 409: the app changed its mind and rolled back. */
  rolledBack: number;
  /** Answered 503: the database was away, or took too long. */
  refused: number;
  /** The connection broke: nobody knows what was committed. */
  brokenOff: number;
}

export interface Load {
  readonly counts: Readonly<LoadCounts>;
  /** The nonces of the changes that a client saw succeed: of those told in a transaction, and of those by hooks alone. */
  readonly seen: { readonly told: ReadonlySet<string>; readonly plain: ReadonlySet<string> };
  /** No more requests; resolves when the last one is answered. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly random: SeededRandom;
  readonly appAt: (place: number) => App | undefined;
  readonly places: number;
  /** Whether nothing is told in a transaction. */
  readonly hooksOnly: boolean;
}

/** These change the same few bookings, each by any of the machines. */
const sharingClients = 10;
const sharedBookings = 6;
const changesOfBooking = 25;
/** Each of these takes a booking of its own through its changes, at one machine: hooks have no order between machines. */
const plainClients = 2;
const betweenMs = 40;
const rolledBackShare = 0.15;

export function startLoad({ random, appAt, places, hooksOnly }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const counts: LoadCounts = { sent: 0, succeeded: 0, rolledBack: 0, refused: 0, brokenOff: 0 };
  const seen = { told: new Set<string>(), plain: new Set<string>() };
  const shared: { readonly booking: number; left: number }[] = [];
  let bookingCount = 0;
  let nonceCount = 0;
  let isOver = false;

  const nextBooking = (): number => {
    bookingCount += 1;
    return bookingCount;
  };

  /** One of those that several clients change now; when one has had its changes, another takes its place. */
  const drawShared = (): number => {
    const index = random.below(sharedBookings);
    const entry = shared[index];
    if (entry !== undefined && entry.left > 0) {
      entry.left -= 1;
      return entry.booking;
    }
    const booking = nextBooking();
    shared[index] = { booking, left: changesOfBooking };
    return booking;
  };

  const change = async (place: number, path: string, kind: 'told' | 'plain', body: object): Promise<boolean> => {
    await pause(betweenMs * (0.5 + random.next()));
    const app = appAt(place);
    if (app === undefined || isOver) return false;
    nonceCount += 1;
    const nonce = `n${String(nonceCount)}`;
    counts.sent += 1;
    const status = await post(agent, app.port, path, { nonce, isRolledBack: random.next() < rolledBackShare, ...body });
    if (status === 201) {
      counts.succeeded += 1;
      seen[kind].add(nonce);
    } else if (status === 409) counts.rolledBack += 1;
    else if (status === undefined) counts.brokenOff += 1;
    else counts.refused += 1;
    return status === 201 || status === 409;
  };

  const runSharing = async (): Promise<void> => {
    while (!isOver) {
      const booking = drawShared();
      const partCount = random.next() < 0.3 ? 2 : 1;
      const hasSavepoint = random.next() < 0.1;
      const path = hooksOnly ? '/plain' : random.pick(['/told', '/told-without-hook']);
      await change(random.below(places), path, hooksOnly ? 'plain' : 'told', { booking, partCount, hasSavepoint });
    }
  };

  /** What one change led to is known before the next: one of which nobody knows is the booking's last. */
  const runPlain = async (): Promise<void> => {
    while (!isOver) {
      const booking = nextBooking();
      const place = random.below(places);
      let left = changesOfBooking;
      while (left > 0 && (await change(place, '/plain', 'plain', { booking }))) left -= 1;
    }
  };

  const clients = [
    ...Array.from({ length: sharingClients }, runSharing),
    ...Array.from({ length: hooksOnly ? 0 : plainClients }, runPlain),
  ];
  return {
    counts,
    seen,
    async stop() {
      isOver = true;
      await Promise.all(clients);
      agent.destroy();
    },
  };
}

/** The status, or undefined when the connection broke. */
function post(agent: Agent, port: number, path: string, body: object): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (res) => {
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
    call.end(JSON.stringify(body));
  });
}
