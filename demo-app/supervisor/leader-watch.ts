import { setTimeout as delay } from 'node:timers/promises';
import type { OutboxProcess } from 'express-crm-notifier';
import type { KeptApp } from './keep-app.js';
import type { SupervisedApp } from './supervised-app.js';

export interface Leader {
  readonly pid: number;
  /** When it was first seen to lead, in milliseconds since 1970. */
  readonly sinceAt: number;
}

export interface LeaderWatch {
  /** Undefined while none of the apps that run leads. */
  readonly leader: Leader | undefined;
  /** Resolves once another process than this one leads, or none can. */
  untilAnotherLeads(pid: number | undefined): Promise<void>;
  stop(): Promise<void>;
}

const POLL_MS = 200;
const RESPONSE_TIMEOUT_MS = 1000;
/** Takes over for certain by then, unless PostgreSQL is away. */
const TAKE_OVER_MS = 10_000;

/** Of the only app: it leads while it runs. */
export function onlyLeader(kept: KeptApp): Pick<LeaderWatch, 'leader'> {
  return {
    get leader() {
      return kept.pid === undefined ? undefined : { pid: kept.pid, sinceAt: kept.since };
    },
  };
}

/** Asks the booking apps again and again which of them leads. */
export function watchLeader(apps: readonly SupervisedApp[]): LeaderWatch {
  let leader: Leader | undefined;
  let isStopped = false;

  /** A killed process still has the lease for a while. */
  const current = (): Leader | undefined => (apps.some(({ kept }) => kept.pid === leader?.pid) ? leader : undefined);

  async function look(): Promise<void> {
    const pid = await readLeaderPid(apps);
    if (pid !== leader?.pid) leader = pid === undefined ? undefined : { pid, sinceAt: Date.now() };
  }

  async function lookForever(): Promise<void> {
    while (!isStopped) {
      await look();
      await delay(POLL_MS);
    }
  }

  const looking = lookForever();
  return {
    get leader() {
      return current();
    },
    async untilAnotherLeads(pid) {
      const deadline = performance.now() + TAKE_OVER_MS;
      const isDecided = (): boolean => {
        const now = current();
        return (now !== undefined && now.pid !== pid) || apps.every(({ kept }) => kept.pid === undefined);
      };
      while (!isStopped && !isDecided() && performance.now() < deadline) await delay(POLL_MS);
    },
    async stop() {
      isStopped = true;
      await looking;
    },
  };
}

/** The first app that responds knows it of all. */
async function readLeaderPid(apps: readonly SupervisedApp[]): Promise<number | undefined> {
  for (const { url, kept } of apps) {
    if (kept.pid === undefined) continue;
    try {
      const response = await fetch(`${url}/demo/processes`, { signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS) });
      const { processes } = (await response.json()) as { readonly processes: readonly OutboxProcess[] };
      return processes.find(({ isLeader }) => isLeader)?.pid;
    } catch {
      // It has just ended, or it is stuck; ask the next one.
    }
  }
  return undefined;
}
