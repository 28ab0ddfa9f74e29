import express from 'express';
import { afterBooking } from '../../../src/index.js';
import { startPostgres, type PostgresServer } from '../../../demo-app/postgres-server.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import type { ScriptedCrm } from '../../helpers/scripted-crm.js';
import { useServer } from '../../helpers/served.js';
import { useUnreliableNetwork, type UnreliableNetwork } from '../../helpers/unreliable-network.js';
import { useCrm } from '../../helpers/use-crm.js';
import { usePostgresNotifiers, type OnPostgres } from '../../helpers/use-postgres-notifiers.js';

/** An app with a hook, its CRM, and an outbox on a server that is reached by a network of its own. */
export interface BookingApp {
  readonly app: ObservedNotifier;
  readonly crm: ScriptedCrm;
  readonly network: UnreliableNetwork;
  /** The database, as the app reaches it, and without the network. */
  readonly url: string;
  readonly directUrl: string;
  /** Posts a booking of a lane. Resolves with how many milliseconds the response took; fails unless it is a 201. */
  book(bookingId: number, lane?: string): Promise<number>;
  /** The bookings at the CRM, in order, without repetitions. */
  bookingsAtCrm(): number[];
}

export interface BookingAppOptions extends Partial<Omit<OnPostgres, 'url'>> {
  /** @default a new one */
  readonly directUrl?: string | undefined;
  /** Whether the app reaches the server without the network. @default false */
  readonly isDirect?: boolean | undefined;
}

/** How long a response waits for the outbox in these apps. */
export const holdMs = 300;

const hook = afterBooking('created', undefined, { lane: ({ userId }) => `user:${String(userId)}` });

/** A server for the tests of a file, which runs before each of them, whatever the last one did to it; and apps on it. */
export function useBookingApps(): {
  readonly server: () => PostgresServer;
  readonly start: (options?: BookingAppOptions) => Promise<BookingApp>;
} {
  const createNotifier = usePostgresNotifiers();
  const startNetwork = useUnreliableNetwork();
  const startCrm = useCrm();
  const serve = useServer();
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    server.thaw();
    // It may run already.
    await server.start().catch(() => undefined);
  });
  afterAll(() => server.close(), 60_000);

  return {
    server: () => server,
    async start({ directUrl, isDirect = false, ...options } = {}) {
      const database = directUrl ?? (await server.createDatabase());
      const [network, crm] = await Promise.all([startNetwork(server.port), startCrm()]);
      const url = isDirect ? database : network.through(database);
      const app = createNotifier({ url, baseUrl: crm.url, holdMs, ...options });
      const routes = express()
        .use(app.notifier.middleware())
        .post('/bookings/:id', hook, (req, res) => {
          res.status(201).json({ id: Number(req.params.id), userId: req.query['lane'], sessionId: 1 });
        });
      const served = await serve(routes);
      return {
        app,
        crm,
        network,
        url,
        directUrl: database,
        async book(bookingId, lane = String(bookingId)) {
          const sinceMs = performance.now();
          const { status } = await fetch(`${served.url}/bookings/${String(bookingId)}?lane=${lane}`, {
            method: 'POST',
          });
          expect(status).toBe(201);
          return performance.now() - sinceMs;
        },
        bookingsAtCrm: () => [...new Set(crm.received.map(bookingOf))],
      };
    },
  };
}

function bookingOf({ json }: ScriptedCrm['received'][number]): number {
  return Number((json?.['additional_data'] as { readonly booking_id?: unknown } | undefined)?.booking_id);
}
