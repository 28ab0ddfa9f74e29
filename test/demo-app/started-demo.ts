import type { Program, Programs } from './programs.js';

interface StartedService {
  readonly url: string;
  readonly pid: number;
}

export interface StartedDemo {
  readonly supervisor: Program;
  readonly pageUrl: string;
  readonly app: StartedService;
  readonly crm: StartedService;
}

/** The demo with `--postgres`. */
export interface StartedSharedDemo {
  readonly supervisor: Program;
  readonly pageUrl: string;
  /** App 1 and app 2. */
  readonly apps: readonly [StartedService, StartedService];
  readonly crm: StartedService;
}

const PAGE_URL = /^Open (http:\S+\d)\//m;

/** Starts the demo as `npm run demo` does, and resolves once it listens. */
export async function startDemo(programs: Programs, environment: NodeJS.ProcessEnv = {}): Promise<StartedDemo> {
  const supervisor = programs.start('start.ts', environment);
  await supervisor.printed(/Ctrl-C stops both/);
  const service = serviceOf(programs, supervisor);
  const pageUrl = await supervisor.printed(PAGE_URL);
  return { supervisor, pageUrl, app: await service('Booking app'), crm: await service('CRM service') };
}

/** Starts the demo as `npm run demo -- --postgres` does, and resolves once it listens. */
export async function startSharedDemo(
  programs: Programs,
  environment: NodeJS.ProcessEnv = {},
): Promise<StartedSharedDemo> {
  const supervisor = programs.start('start.ts', environment, ['--postgres']);
  await supervisor.printed(/Ctrl-C stops all/);
  const service = serviceOf(programs, supervisor);
  return {
    supervisor,
    pageUrl: await supervisor.printed(PAGE_URL),
    apps: [await service('App 1'), await service('App 2')],
    crm: await service('CRM service'),
  };
}

/** Reads where a service listens from what the demo has printed. */
function serviceOf(programs: Programs, supervisor: Program): (name: string) => Promise<StartedService> {
  return async (name) => {
    const url = await supervisor.printed(new RegExp(`^${name} +(http://\\S+)`, 'm'));
    const pid = Number(await supervisor.printed(new RegExp(`^${name} .*pid (\\d+)`, 'm')));
    programs.watch(pid);
    return { url, pid };
  };
}
