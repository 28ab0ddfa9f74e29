import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../helpers/seeded-random.js';

/** A notification that the CRM has taken. */
export interface Arrival {
  readonly id: string;
  readonly booking: number;
  readonly version: number;
  /** Of a change that is told of in several notifications; 0 is of a savepoint that is rolled back. */
  readonly part: number;
  /** Tells apart who wanted to make this version of the booking: one that was rolled back, or one that came after. */
  readonly nonce: string;
  /** Who posted it, and when, in milliseconds since 1970. */
  readonly token: string;
  readonly at: number;
}

/** The CRM of the audit, with every fault; and it tells who posts. */
export interface AuditCrm {
  readonly port: number;
  /** What it took, in order, with repeats. */
  readonly arrivals: readonly Arrival[];
  /** How often which fault befell a request. */
  readonly faults: Readonly<Record<string, number>>;
  /** Calls back for each request when it comes, whatever becomes of it. Returns what ends that. */
  watch(onRequest: (token: string) => void): () => void;
  /** Resets all connections and refuses new ones, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Answers each request so much later from now on. */
  slow(delayMs: number): void;
  /** No more faults. */
  calm(): void;
  close(): Promise<void>;
}

type Fault = '503' | '429' | 'reset' | 'lost answer' | 'never answered' | 'slow';

const success = '{"status":"success"}';
/** What is asked to come again in a second makes others wait as well, so there are few. */
const betweenTooManyMs = 8_000;

export async function startAuditCrm(random: SeededRandom): Promise<AuditCrm> {
  const arrivals: Arrival[] = [];
  const faults: Record<string, number> = {};
  const watchers = new Set<(token: string) => void>();
  const state = { delayMs: 0, isCalm: false, tooManyAtMs: performance.now() };
  let server: Server;

  const drawFault = (): Fault | undefined => {
    if (state.isCalm) return undefined;
    if (performance.now() - state.tooManyAtMs > betweenTooManyMs) {
      state.tooManyAtMs = performance.now();
      return '429';
    }
    const drawn = random.next();
    if (drawn < 0.01) return '503';
    if (drawn < 0.02) return 'reset';
    if (drawn < 0.03) return 'lost answer';
    if (drawn < 0.033) return 'slow';
    return drawn < 0.034 ? 'never answered' : undefined;
  };

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const token = req.headers.authorization?.replace('Bearer ', '') ?? '';
    for (const onRequest of watchers) onRequest(token);
    const body = await text(req);
    if (state.delayMs > 0) await pause(state.delayMs);
    const fault = drawFault();
    if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1;
    if (fault === 'reset') req.socket.resetAndDestroy();
    else if (fault === '503') res.writeHead(503).end();
    else if (fault === '429') res.writeHead(429, { 'retry-after': '1' }).end();
    else {
      arrivals.push(arrivalOf(body, token));
      if (fault === 'lost answer') req.socket.resetAndDestroy();
      else if (fault === 'slow') setTimeout(() => res.end(success), 300);
      else if (fault !== 'never answered') res.end(success);
    }
  };

  const listen = async (port: number): Promise<void> => {
    server = createServer((req, res) => {
      // The client is gone: it was killed while it posted.
      answer(req, res).catch(() => undefined);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  /** While it was down, somebody's connection may have got its port. */
  const listenAgain = async (port: number): Promise<void> => {
    for (let triesLeft = 20; ; triesLeft -= 1) {
      try {
        await listen(port);
        return;
      } catch (error) {
        if (triesLeft === 0) throw error;
        await pause(500);
      }
    }
  };
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  const { port } = server!.address() as AddressInfo;

  return {
    port,
    arrivals,
    faults,
    watch(onRequest) {
      watchers.add(onRequest);
      return () => {
        watchers.delete(onRequest);
      };
    },
    down: stop,
    up: () => listenAgain(port),
    slow(delayMs) {
      state.delayMs = delayMs;
    },
    calm() {
      state.isCalm = true;
      state.delayMs = 0;
    },
    close: stop,
  };
}

function arrivalOf(body: string, token: string): Arrival {
  const { notification_id: id, additional_data } = JSON.parse(body) as {
    readonly notification_id: string;
    readonly additional_data: Pick<Arrival, 'version' | 'part' | 'nonce'> & { readonly booking_id: number };
  };
  const { booking_id: booking, version, part, nonce } = additional_data;
  return { id, booking, version, part, nonce, token, at: Date.now() };
}
