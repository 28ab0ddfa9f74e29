import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accept } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { useBuiltPrograms, type BuiltProgram } from './built-program.js';

const cleanEnd = { code: 0, signal: null, stderr: '' };

// Processes and threads start for real, on a machine that may be busy.
jest.setTimeout(30_000);

describe('a process whose post office has a thread of its own', () => {
  const run = useBuiltPrograms();
  const start = useCrm();
  const directory = useTempDirectory();

  interface App {
    readonly options?: object;
    readonly own?: readonly string[];
    readonly count?: number;
    readonly then?: string;
  }
  const outbox = (): string => join(directory(), 'outbox');
  const startApp = (baseUrl: string, { options, ...app }: App, env = {}, file = 'short-app.mjs'): BuiltProgram =>
    run({ file, args: [JSON.stringify({ options: { baseUrl, outbox: outbox(), ...options }, ...app })], env });
  const goneUrl = async (): Promise<string> => {
    const crm = await start();
    await crm.close();
    return crm.url;
  };
  const errorDataOf = ({ lines }: BuiltProgram): string[] =>
    lines.filter((line) => line.startsWith('warn') || line.startsWith('error'));

  it('is not kept alive by an idle notifier that nobody closes', async () => {
    const crm = await start();
    const program = startApp(crm.url, {});
    expect(await program.ended).toEqual(cleanEnd);
    expect(program.lines).toEqual(['threads 1']);
    expect(crm.received).toEqual([]);
  });

  it('lives as long as a receipt or another answer is owed, though nothing else keeps it', async () => {
    const crm = await start();
    const program = startApp(crm.url, { count: 3, then: 'stats' });
    expect(await program.ended).toEqual(cleanEnd);
    expect(await program.said('accepted', 3)).toHaveLength(3);
    expect(JSON.parse((await program.said('stats'))[0]!)).toMatchObject({ accepted: 3, rejected: 0, dead: 0 });
    expect(errorDataOf(program)).toEqual([]);
  });

  it('has delivered all that was due when its flush answers', async () => {
    const crm = await start();
    const program = startApp(crm.url, { count: 3, then: 'flush' });
    expect(await program.ended).toEqual(cleanEnd);
    expect(idsOf(crm.received).sort()).toEqual([...(await program.said('accepted', 3))].sort());
    expect(JSON.parse((await program.said('flushed'))[0]!)).toMatchObject({ pending: 0 });
  });

  it('ends after a close, also while the CRM cannot be reached', async () => {
    const program = startApp(await goneUrl(), { count: 2, then: 'close' });
    expect(await program.ended).toEqual(cleanEnd);
    expect(await program.said('closed')).toEqual(['{"delivered":0,"pending":2,"dead":0}']);
  });

  it('closes without trouble while it is too busy to be told of it', async () => {
    const crm = await start();
    const program = startApp(crm.url, { then: 'close-busily' });
    expect(await program.ended).toEqual(cleanEnd);
    expect(await program.said('closed')).toEqual(['{"delivered":0,"pending":0,"dead":0}']);
    // The thread has answered and ended; both are told in one turn.
    expect(errorDataOf(program)).toEqual([]);
  });

  it('loses nothing by process.exit right after a receipt: the next start delivers it', async () => {
    const gone = await start();
    await gone.close();
    const before = startApp(gone.url, { count: 5, then: 'exit' });
    expect(await before.ended).toEqual(cleanEnd);
    const accepted = await before.said('accepted', 5);
    const crm = await start(accept, gone.port);
    const after = startApp(crm.url, { then: 'flush' });
    expect(await after.ended).toEqual(cleanEnd);
    expect(idsOf(crm.received).sort()).toEqual([...accepted].sort());
  });

  it.each<[what: string, app: App]>([
    ['thread: false', { options: { thread: false } }],
    ['a dispatcher of its own', { own: ['dispatcher'] }],
    ['a clock of its own', { own: ['clock'] }],
    ['an outbox in memory', { options: { outbox: ':memory:' } }],
  ])('has none with %s, and that is nothing to warn of', async (_what, app) => {
    const crm = await start();
    const program = startApp(crm.url, { ...app, count: 2, then: 'close' });
    expect(await program.ended).toEqual(cleanEnd);
    expect(program.lines[0]).toBe('threads 0');
    expect(errorDataOf(program)).toEqual([]);
    expect(crm.received).toHaveLength(2);
  });

  it.each(['--require', '--import'])('is not disturbed by a preload in NODE_OPTIONS (%s)', async (option) => {
    const preload = join(directory(), option === '--require' ? 'preload.cjs' : 'preload.mjs');
    writeFileSync(preload, "console.log('preloaded');");
    const crm = await start();
    const program = startApp(crm.url, { count: 2, then: 'close' }, { NODE_OPTIONS: `${option} ${preload}` });
    expect(await program.ended).toEqual(cleanEnd);
    expect(program.lines).toContain('threads 1');
    expect(program.lines).toContain('preloaded');
    expect(errorDataOf(program)).toEqual([]);
    expect(crm.received).toHaveLength(2);
  });
});
