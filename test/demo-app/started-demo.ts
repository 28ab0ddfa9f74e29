import type { Program, Programs } from './programs.js';

export interface StartedDemo {
  readonly supervisor: Program;
  readonly app: { readonly url: string; readonly pid: number };
  readonly crm: { readonly url: string; readonly pid: number };
}

/** Starts the demo as `npm run demo` does, and resolves once it listens. */
export async function startDemo(programs: Programs, environment: NodeJS.ProcessEnv = {}): Promise<StartedDemo> {
  const supervisor = programs.start('start.ts', environment);
  await supervisor.printed(/Ctrl-C stops both/);
  const service = async (name: string): Promise<{ url: string; pid: number }> => {
    const url = await supervisor.printed(new RegExp(`^${name} +(http://\\S+)`, 'm'));
    const pid = Number(await supervisor.printed(new RegExp(`^${name} .*pid (\\d+)`, 'm')));
    programs.watch(pid);
    return { url, pid };
  };
  return { supervisor, app: await service('Booking app'), crm: await service('CRM service') };
}
