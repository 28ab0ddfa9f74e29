import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const timeLimitMs = 30_000;

/** The README's first program, as it is printed. */
export function firstProgramOf(readme: string): string {
  const [, program] = /^```ts\n([^]*?)^```$/m.exec(readFileSync(readme, 'utf8')) ?? [];
  if (program === undefined) throw new Error('README.md begins with no program: put the first block of ts back');
  return program;
}

/**
 * Does what the README says after its first program: saves it as `app.mjs`, starts `crm-notifier crm` and the program, and posts
 * to `/bookings`. Throws unless the CRM prints the booking and the program ends well. Where something listens at a port that
 * the README names, another one is taken; returns which.
 */
export async function tryReadme(project: string, program: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [appPort, crmPort] = [await freePort(3000), await freePort(5001)];
  writeFileSync(join(project, 'app.mjs'), program.replace('listen(3000)', `listen(${appPort})`));
  const bin = join(project, 'node_modules/.bin/crm-notifier');
  const crm = start(bin, ['crm', '--port', String(crmPort)], project, env);
  const others = crmPort === 5001 ? {} : { CRM_BASE_URL: `http://localhost:${crmPort}` };
  let app: Running | undefined;
  try {
    await crm.printed(/localhost|127\.0\.0\.1/);
    app = start('node', ['app.mjs'], project, { ...env, ...others });
    const status = await post(`http://localhost:${appPort}/bookings`);
    if (status !== 201) throw new Error(`POST /bookings responded ${status} instead of 201`);
    await crm.printed(/booking_created/);
    app.child.kill('SIGTERM');
    const code = await app.ended();
    if (code !== 0) throw new Error(`the program ended with ${String(code)} after SIGTERM instead of 0`);
  } catch (error) {
    const printed = [...crm.lines, ...(app?.lines ?? [])].join('\n');
    throw new Error(
      `${(error as Error).message}. Mend README.md’s first program, or the package. They printed:\n${printed}`,
      { cause: error },
    );
  } finally {
    for (const { child } of [crm, app].filter((one) => one !== undefined)) child.kill('SIGKILL');
  }
  return `arrived by ports ${appPort} and ${crmPort}`;
}

interface Running {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves once a line matches; rejects when it ends before, or nothing matches in time. */
  printed(pattern: RegExp): Promise<void>;
  ended(): Promise<number | null>;
}

function start(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Running {
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
  }
  return {
    child,
    lines,
    printed: (pattern) =>
      inTime(
        `${command} did not print ${String(pattern)}`,
        new Promise((resolve, reject) => {
          const check = (): void => {
            if (lines.some((line) => pattern.test(line))) resolve();
          };
          waiting.add(check);
          check();
          void exit.then(([code]) => {
            reject(new Error(`${command} ended with ${String(code)} before it printed ${String(pattern)}`));
          });
        }),
      ),
    ended: () =>
      inTime(
        `${command} did not end`,
        exit.then(([code]) => code),
      ),
  };
}

/** Posts until the program listens. */
async function post(url: string): Promise<number> {
  const untilMs = performance.now() + timeLimitMs;
  for (;;) {
    try {
      const { status } = await fetch(url, { method: 'POST' });
      return status;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function inTime<Value>(problem: string, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${problem} within ${timeLimitMs / 1000} s`));
    }, timeLimitMs);
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}

/** The port, or another one where something listens there. */
async function freePort(wanted: number): Promise<number> {
  for (const port of [wanted, 0]) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, () => {
        resolve(true);
      });
    });
    if (!isFree) continue;
    const { port: taken } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return taken;
  }
  throw new Error('no port is free');
}
