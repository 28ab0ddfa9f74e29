import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { UnreliableNetwork } from '../helpers/unreliable-network.js';

/** Where a transaction of the app is when it ends itself. */
export type DoomPoint = 'before-insert' | 'before-commit' | 'at-commit' | 'after-commit';

/** The app of a machine, in a process of its own. */
export interface App {
  readonly pid: number;
  readonly port: number;
  /** What it posts to the CRM with. */
  readonly token: string;
  /** Resolves when it is gone, with how it ended. */
  readonly ended: Promise<AppEnd>;
  /** Whether somebody has sent it a signal that ends it, or told it to end itself. */
  isDoomed: boolean;
  kill(signal: NodeJS.Signals): void;
  /** It kills itself once a transaction comes to this point. */
  doomAt(point: DoomPoint): void;
}

export interface AppEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One of the machines: a network that leads to the server, and an app, unless that has been killed. */
export interface Machine {
  readonly place: number;
  readonly network: UnreliableNetwork;
  app: App | undefined;
}

/** Starts an app; rejects when it ends before it listens. */
export function startApp(token: string, environment: Readonly<Record<string, string>>): Promise<App> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'machine-app.mjs')], {
    env: { PATH: process.env['PATH'] ?? '', TOKEN: token, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<AppEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) => {
      const app: App = {
        pid: child.pid ?? 0,
        port,
        token,
        ended,
        isDoomed: false,
        kill(signal) {
          if (signal === 'SIGKILL' || signal === 'SIGTERM') app.isDoomed = true;
          child.kill(signal);
        },
        doomAt(point) {
          app.isDoomed = true;
          // One that has just ended hears nothing.
          child.send({ point }, () => undefined);
        },
      };
      resolve(app);
    });
    void ended.then(() => {
      reject(new Error('an app ended at its start'));
    });
  });
}
