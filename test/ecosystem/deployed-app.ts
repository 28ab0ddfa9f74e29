import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../package/pack-into.js';
import { tarball } from './project.js';

/** A directory for deployments that any user of this machine can read, and the tarball. */
export interface Workshop {
  readonly directory: string;
  readonly tarball: string;
  /** Installs express, the package and `packages` from the registry, with these files beside them. Returns the directory. */
  install(name: string, files: Readonly<Record<string, string>>, packages?: readonly string[]): Promise<string>;
  remove(): void;
}

export async function openWorkshop(): Promise<Workshop> {
  const directory = mkdtempSync(join(tmpdir(), 'crm-deploying-'));
  chmodSync(directory, 0o755);
  return {
    directory,
    tarball,
    async install(name, files, packages = []) {
      const project = join(directory, name);
      mkdirSync(project);
      const all = { 'package.json': JSON.stringify({ name: 'booking-app', private: true, type: 'module' }), ...files };
      for (const [file, text] of Object.entries(all)) writeFileSync(join(project, file), text);
      const options = ['--no-audit', '--no-fund', '--no-progress'];
      const wanted = ['express', tarball, '@photostructure/sqlite@1', ...packages];
      await run('npm', ['install', ...options, ...wanted], { cwd: project, env: environment({}), timeout: 240_000 });
      return project;
    },
    remove() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** This machine's environment without what jest and npm put into it, and with the app's. */
export function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  const registry = Object.entries(process.env).filter(([name]) =>
    /^npm_config_(registry|cache|userconfig)$/.test(name),
  );
  return {
    PATH,
    HOME,
    ...Object.fromEntries(registry),
    NODE_ENV: 'production',
    CRM_AUTH_TOKEN: 'token-of-a-test',
    ...more,
  };
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

export interface StartedApp {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it has printed so far. */
  readonly output: () => string;
  /** Resolves with the exit code and how long it took, in milliseconds. */
  stop(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

export interface StartOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly port: string;
  readonly uid?: number;
}

const running = new Set<ChildProcess>();

/** Starts an app, and waits until it responds at `/readyz`. */
export async function startApp(command: readonly string[], options: StartOptions): Promise<StartedApp> {
  const { cwd, env, port, uid } = options;
  const [file = '', ...args] = command;
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(file, args, { cwd, env: environment({ PORT: port, ...env }), stdio: 'pipe', ...user });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  void ended.then(() => running.delete(child));
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`the app has ended: ${output}`);
    return (await fetch(`${url}/readyz`)).ok;
  });
  return {
    process: child,
    url,
    output: () => output,
    async stop(signal) {
      const startedAt = performance.now();
      child.kill(signal);
      const code = await ended;
      return { code, tookMs: performance.now() - startedAt };
    },
  };
}

/** Ends what a failed test has left running. */
export function killLeftovers(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Makes bookings one after the other. Returns the statuses. */
export async function book(url: string, count: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index += 1) {
    // Without keep-alive, so that each may reach another process. What was handed to a process that has just died hangs.
    const options = { method: 'POST', headers: { connection: 'close' }, signal: AbortSignal.timeout(10_000) };
    const response = await fetch(`${url}/bookings`, options);
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

/** Looks again and again until it is true, for a minute at most. A look that fails counts as no, unless the app has ended. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    const last = await Promise.resolve()
      .then(isSo)
      .catch((error: unknown) => (error as Error).message);
    if (last === true) return;
    if (performance.now() > until || String(last).startsWith('the app has ended')) {
      throw new Error(`it never became true; last: ${String(last)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
