import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import type { Deadline } from './deadline.js';

/** A way to the CRM, lent to one exchange at a time. */
export interface Connection {
  readonly dispatcher: Dispatcher;
  /** Whether it was open before it was lent: then the CRM may have closed it just as it was used. */
  isReused(): boolean;
  /** Ends the loan. What an exchange has left in the middle of something is cut, and a new one takes its place. */
  giveBack(state: 'whole' | 'broken off'): void;
}

export interface Connections {
  /** One to use now; undefined when none becomes free in time. */
  take(deadline: Deadline): Promise<Connection | undefined>;
  /** Cuts all of them; what is taken from now on fails at once. */
  close(): Promise<void>;
}

/**
 * At most `maxCount` connections to one origin, kept open between exchanges.
 *
 * Not undici's Pool, because of what becomes of a request whose deadline passes before it is sent: the Pool keeps it,
 * and its connection stays occupied for as long as connecting takes, which with a host that swallows packets is minutes
 * and with one that never ends the TLS handshake is for ever. Here it leaves the line, or its connection is cut.
 */
export function createConnections(origin: string, maxCount: number, clock: Clock): Connections {
  const clients = new Set<CutableClient>();
  // The one used last is used first, so that those that are not needed fall idle and end.
  const idle: CutableClient[] = [];
  const line = new Set<(client: CutableClient) => void>();
  let isClosed = false;

  const open = (): CutableClient => {
    const client = createCutableClient(origin);
    clients.add(client);
    if (isClosed) void client.cut();
    return client;
  };

  const giveBack = (client: CutableClient, isWhole: boolean): void => {
    if (!isWhole) {
      clients.delete(client);
      void client.cut();
    }
    const [next] = line;
    if (next !== undefined) next(isWhole ? client : open());
    else if (isWhole) idle.push(client);
  };

  const lend = (client: CutableClient): Connection => {
    const connectCount = client.connectCount();
    return {
      dispatcher: client.dispatcher,
      isReused: () => client.connectCount() === connectCount,
      giveBack: (state) => {
        giveBack(client, state === 'whole');
      },
    };
  };

  return {
    async take(deadline) {
      const client = idle.pop() ?? (clients.size < maxCount || isClosed ? open() : undefined);
      if (client !== undefined) return lend(client);
      return new Promise((resolve) => {
        const cancel = clock.after(deadline.leftMs(), () => {
          line.delete(next);
          resolve(undefined);
        });
        const next = (free: CutableClient): void => {
          line.delete(next);
          cancel();
          resolve(lend(free));
        };
        line.add(next);
      });
    },
    async close() {
      isClosed = true;
      const cuts = [...clients].map((client) => client.cut());
      for (const next of line) next(open());
      await Promise.all(cuts);
    },
  };
}

/** The same view of a dispatcher that somebody else has made, looks after and closes. */
export function borrowDispatcher(dispatcher: Dispatcher): Connections {
  const connection: Connection = { dispatcher, isReused: () => false, giveBack: () => undefined };
  return { take: () => Promise.resolve(connection), close: () => Promise.resolve() };
}

/** undici's client for one connection, which it makes anew when needed. */
interface CutableClient {
  readonly dispatcher: Dispatcher;
  connectCount(): number;
  /** Ends it whatever it is doing, connecting too, which `destroy` of undici leaves to itself. */
  cut(): Promise<void>;
}

function createCutableClient(origin: string): CutableClient {
  const abort = new AbortController();
  // No time limits of undici's own: the deadline of each exchange covers connecting as well.
  const client = new Client(origin, { connectTimeout: 0, connect: { signal: abort.signal } });
  let connectCount = 0;
  client.on('connect', () => {
    connectCount += 1;
  });
  return {
    dispatcher: client,
    connectCount: () => connectCount,
    async cut() {
      const destroyed = client.destroy();
      abort.abort();
      await destroyed;
    },
  };
}
