import type { AppOverview } from '../supervisor/read-snapshot.js';
import type { AppProcess } from './view.js';
import { durationText } from './wording.js';

/** What differs between the page of one app and that of several which share an outbox. */
export interface Words {
  readonly killStep: { readonly title: string; readonly text: string };
  /** Where pending notifications are. */
  readonly where: string;
  readonly killOffer: string;
  readonly killing: string;
  killed(process: AppProcess): string;
  /** The killed process has a successor, after this long. */
  succeeded(killed: AppProcess, successor: AppProcess, tookText: string): string;
  /** The page gets no more changes. */
  readonly disconnected: string;
  /** Why nothing is delivered. `isAnyThere`: an app responds all the same. */
  absence(killed: AppProcess | undefined, isAnyThere: boolean): string;
  /** The same, at the outbox. */
  readonly noDelivery: string;
  /** With notifications pending. */
  back(successor: AppProcess): string;
  /** With nothing pending. */
  backAndDone(successor: AppProcess): string;
  /** Beside the button that kills it. */
  process(app: AppOverview): string;
  /** Of counters that begin with a process. */
  readonly countersNote: string;
}

export const wordsForOne: Words = {
  killStep: { title: 'Kill the app.', text: 'Best while something waits. Nothing is lost.' },
  where: 'on disk',
  killOffer: 'kill the app first',
  killing: 'Killing the app …',
  killed: ({ pid }) => `Process ${pid} was killed with SIGKILL.`,
  succeeded: (killed, successor, tookText) =>
    `Process ${killed.pid} was killed; ${successor.pid} took its place after ${tookText}.`,
  disconnected: 'Disconnected; reconnecting … If the demo was stopped, start it with npm run demo.',
  absence: () => 'The app process was killed; the supervisor starts it again. What it had accepted is on disk.',
  noDelivery: 'Nothing is delivered while the app does not run.',
  back: ({ pid }) => `The app is back as process ${pid}. `,
  backAndDone: ({ pid }) => `The app was killed and is back as process ${pid}. Nothing is missing.`,
  process: ({ process }) =>
    process ? `Process ${process.pid}, up for ${sinceText(process.startedAt)}` : 'The app is not running',
  countersNote: '* since the app started',
};

export const wordsForSeveral: Words = {
  killStep: { title: 'Kill the leader.', text: 'The other app takes over, and nothing is lost.' },
  where: 'in PostgreSQL',
  killOffer: 'kill the leader first',
  killing: 'Killing the leader …',
  killed: ({ number, pid }) => `App ${number}, process ${pid}, was killed with SIGKILL.`,
  succeeded: (killed, successor, tookText) =>
    `App ${killed.number}, process ${killed.pid}, was killed; app ${successor.number} took over after ${tookText}.`,
  disconnected: 'Disconnected; reconnecting … If the demo was stopped, start it with npm run demo -- --postgres.',
  absence(killed, isAnyThere) {
    if (!isAnyThere)
      return 'No app runs. The supervisor starts a killed one again; what was accepted is in PostgreSQL.';
    const cause = killed ? `App ${killed.number}, the leader, was killed.` : 'No app leads.';
    return `${cause} Another takes over within 5 seconds, and bookings succeed there meanwhile.`;
  },
  noDelivery: 'Nothing is delivered until an app leads.',
  back: ({ number }) => `App ${number} has taken over. `,
  backAndDone: ({ number }) => `The leader was killed, and app ${number} has taken over. Nothing is missing.`,
  process({ number, process, leadsSince }) {
    if (!process) return `App ${number} is not running`;
    return `App ${number}, process ${process.pid}, ${leadsSince === null ? 'stands by' : 'leads'}`;
  },
  countersNote: '* since each app started',
};

function sinceText(at: number): string {
  return durationText(Math.max(1000, Date.now() - at));
}
