import type { AuditOptions } from './audit-options.js';
import type { Load } from './load.js';
import type { Program } from './program.js';
import type { Quiet } from './quiet.js';

/** From when to when, in milliseconds since 1970. */
export interface TimeSpan {
  readonly startAt: number;
  readonly endAt: number;
}

export interface CalmTime extends TimeSpan {
  /** How late the machine was with the work of the apps and the CRM; see `lateness.ts`. */
  readonly lateMs: number;
  /** Whether the machine was so late that nothing can be said. */
  readonly isDiscarded: boolean;
}

export interface Notice {
  /** The fault's. */
  readonly name: string;
  readonly tookMs: number;
  /** How late the machine was with the work of the app meanwhile. */
  readonly lateMs: number;
}

/** All that an audit is played with: each nuisance gets it. */
export interface Stage {
  readonly options: AuditOptions;
  /** Where everything lies. */
  readonly directory: string;
  /** The outbox's directory in it. */
  readonly outbox: string;
  /** The file in it that gets a line for each arrival at the CRM. */
  readonly journal: string;
  /** The file in it that the apps write their ERRORs to. */
  readonly errors: string;
  readonly load: Load;
  readonly quiet: Quiet;
  readonly counts: NuisanceCounts;
  /** The apps that are up, each in its place. */
  readonly apps: (Program | undefined)[];
  /** When an app and the CRM were up and nothing befell them. */
  readonly calmTimes: CalmTime[];
  /** When an app stood still. */
  readonly stallTimes: TimeSpan[];
  /** From the backup before a fault of the files to the kill after it. */
  readonly faultTimes: (TimeSpan & { readonly name: string })[];
  /** How long it took an app to notice a fault of the files. */
  readonly notices: Notice[];
  /** The faults of the files that an app never noticed. */
  readonly unnoticed: string[];
  crm: Program;
  isOver: boolean;
  /** Starts an app, which goes to no place yet. */
  startApp(environment?: Readonly<Record<string, string>>): Promise<Program>;
  startCrm(environment?: Readonly<Record<string, string>>): Promise<Program>;
}

export interface NuisanceCounts {
  kills: number;
  /** Apps that ended at their start. */
  failedStarts: number;
  crmKills: number;
  threadEnds: number;
  diskFills: number;
  clockJumps: number;
  /** Busy loops of an app's thread. */
  busyLoops: number;
  /** SIGSTOP and SIGCONT. */
  stops: number;
  readonly fileFaults: Record<string, number>;
}

export function noNuisances(): NuisanceCounts {
  return {
    kills: 0,
    failedStarts: 0,
    crmKills: 0,
    threadEnds: 0,
    diskFills: 0,
    clockJumps: 0,
    busyLoops: 0,
    stops: 0,
    fileFaults: {},
  };
}

export function drawFrom<Element>(elements: readonly Element[]): Element | undefined {
  return elements[Math.floor(Math.random() * elements.length)];
}

/** Draws each in turn, in an order of its own each time, so that a short audit has some of each as well. */
export function createBag<Element>(elements: readonly Element[]): () => Element | undefined {
  let left: Element[] = [];
  return () => {
    if (left.length === 0) left = [...elements];
    return left.splice(Math.floor(Math.random() * left.length), 1)[0];
  };
}

/** Kills the app of a place with SIGKILL, and starts another there, with variables of its own. */
export async function killAndRestart(
  stage: Stage,
  place: number,
  environment?: Readonly<Record<string, string>>,
): Promise<void> {
  await killApp(stage, place);
  stage.apps[place] = await stage.startApp(environment);
}

async function killApp({ apps, counts }: Stage, place: number): Promise<void> {
  const victim = apps[place];
  apps[place] = undefined;
  victim?.kill('SIGKILL');
  await victim?.ended;
  counts.kills += 1;
}
