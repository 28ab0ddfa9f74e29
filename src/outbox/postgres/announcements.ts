import type { CancelTimer, Clock } from '../../core/clock.js';
import type { Announcer } from './announcer.js';
import type { Listening, PostgresServer } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/** How the leader hears what other processes announce. */
export interface Announcements {
  /** Listens from now on, as far as the server lets it. */
  start(): void;
  stop(): void;
  /** Whether announcements are heard. */
  readonly isHeard: boolean;
}

export interface AnnouncementsOptions {
  readonly server: Pick<PostgresServer, 'listen'>;
  readonly tables: Pick<OutboxTables, 'channel'>;
  readonly announcer: Pick<Announcer, 'announce'>;
  readonly clock: Clock;
  readonly onAnnounced: () => void;
  /** Called when the first one comes: announcements are heard, so this connects to the server itself. */
  readonly onHeard: () => void;
  /** The server accepts LISTEN, but nothing is heard: a pooler that gives each transaction another connection. */
  readonly onDeaf: () => void;
}

/** An own announcement that has not come back by then never will. */
const proveWithinMs = 3_000;
const listenAgainMs = 5_000;

export function createAnnouncements(options: AnnouncementsOptions): Announcements {
  const { server, tables, announcer, clock, onAnnounced, onDeaf } = options;
  let listening: Listening | undefined;
  let isHeard = false;
  let isStarted = false;
  let isTrying = false;
  let hasToldDeaf = false;
  let cancelProof: CancelTimer | undefined;

  const end = (): void => {
    cancelProof?.();
    listening?.close();
    listening = undefined;
    isHeard = false;
  };

  const isListeningWanted = (): boolean => isStarted;

  const listenAgainLater = (): void => {
    end();
    if (isStarted) cancelProof = clock.after(listenAgainMs, () => void listen());
  };

  const onNotified = (): void => {
    if (!isHeard) {
      cancelProof?.();
      options.onHeard();
    }
    isHeard = true;
    onAnnounced();
  };

  const onUnproved = (): void => {
    listenAgainLater();
    if (hasToldDeaf) return;
    hasToldDeaf = true;
    onDeaf();
  };

  const listen = async (): Promise<void> => {
    if (isTrying || !isStarted || listening !== undefined) return;
    isTrying = true;
    try {
      const made = await server.listen(tables.channel, onNotified, listenAgainLater);
      listening = made;
      cancelProof = clock.after(proveWithinMs, onUnproved);
      await announcer.announce();
    } catch {
      // The server is away, which the reading reports.
      listenAgainLater();
    } finally {
      isTrying = false;
      // Stopped meanwhile.
      if (!isListeningWanted()) end();
    }
  };

  return {
    get isHeard() {
      return isHeard;
    },
    start() {
      isStarted = true;
      void listen();
    },
    stop() {
      isStarted = false;
      end();
    },
  };
}
