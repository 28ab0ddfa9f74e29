import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { laneOf, useCrm } from '../helpers/use-crm.js';

const helpers = join(__dirname, '..', 'helpers', 'programs');
const loadSources = join(__dirname, '..', 'helpers', 'load-sources.mjs');

interface Answer {
  readonly accepted: boolean;
  readonly unsaved: number;
  readonly tookMs: number;
}

/** An app in a process of its own that tells the CRM of what it is told on its standard input. */
interface App {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Resolves with the rest of the first line that begins so, past or future. */
  line(beginning: string): Promise<string>;
  tell(lane: string): Promise<Answer>;
  say(line: string): void;
}

describe('a disk that is full (case 68)', () => {
  const start = useCrm();
  const children: ChildProcessByStdio<Writable, Readable, null>[] = [];
  let mounted: string | undefined;
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    // Lazily: Node 20's driver holds a file until its statements are collected as garbage.
    if (mounted !== undefined) execFileSync('umount', ['--lazy', mounted]);
    mounted = undefined;
  });
  // After that, for nothing can be removed that is mounted.
  const directory = useTempDirectory();

  const run = (baseUrl: string, outbox: string): App => {
    const program = ['--import', loadSources, join(helpers, 'fill-the-disk.ts'), baseUrl, outbox];
    const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const lines: string[] = [];
    const waiting = new Set<() => void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
    const line = (beginning: string): Promise<string> =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = lines.find((one) => one.startsWith(beginning));
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found.slice(beginning.length));
        };
        waiting.add(check);
        check();
      });
    const say = (text: string): void => {
      child.stdin.write(`${text}\n`);
    };
    return {
      pid: child.pid ?? 0,
      lines,
      line,
      say,
      async tell(lane) {
        say(lane);
        return JSON.parse(await line(`${lane} `)) as Answer;
      },
    };
  };

  /** Fills the disk under a notifier at work, tells it of more, and frees the disk again. */
  const goThrough = async (outbox: string, fill: (pid: number) => void, free: (pid: number) => void): Promise<void> => {
    const crm = await start();
    const app = run(crm.url, outbox);
    await app.line('ready');
    const told: string[] = [];
    const tell = async (count: number): Promise<Answer[]> => {
      const answers: Answer[] = [];
      for (let index = 0; index < count; index += 1) {
        const lane = `${['a', 'b', 'c'][told.length % 3]!}-${told.length}`;
        told.push(lane);
        answers.push(await app.tell(lane));
      }
      return answers;
    };
    for (const { accepted } of await tell(6)) expect(accepted).toBe(true);

    fill(app.pid);
    const answers = await tell(60);
    // The receipts come all the same: within holdMs (200) and what a busy machine adds.
    for (const { tookMs } of answers) expect(tookMs).toBeLessThan(1_500);
    const refused = answers.filter(({ accepted }) => !accepted);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.at(-1)!.unsaved).toBe(refused.length);
    expect(app.lines.filter((line) => line.startsWith('ERROR CRM outbox: append failed'))).toHaveLength(1);

    free(app.pid);
    await crm.waitFor(told.length);
    app.say('close');
    expect(JSON.parse(await app.line('closed '))).toMatchObject({ pending: 0, dead: 0 });
    // What came while there was no room as well; each lane in order, though one may have been posted twice.
    for (const lane of ['a', 'b', 'c']) {
      const posted = [...new Set(crm.received.map(laneOf).filter((one) => one.startsWith(lane)))];
      expect(posted).toEqual(told.filter((one) => one.startsWith(lane)));
    }
    const database = loadSqlite()(join(outbox, 'outbox.db'));
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
  };

  (canLimit() ? it : it.skip)(
    'costs nothing where it is a limit on the size of files (needs prlimit)',
    async () => {
      const limit = (to: string) => (pid: number) => {
        execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${to}:unlimited`]);
      };
      await goThrough(join(directory(), 'outbox'), limit('4096'), limit('unlimited'));
    },
    30_000,
  );

  (canMount() ? it : it.skip)(
    'costs nothing where it is really full (needs the right to mount a tmpfs)',
    async () => {
      mounted = join(directory(), 'disk');
      mkdirSync(mounted);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mounted]);
      const ballast = join(mounted, 'ballast');
      const fill = (): void => {
        for (let size = 65_536; size >= 4_096;) {
          try {
            writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
          } catch {
            size /= 2;
          }
        }
      };
      await goThrough(join(mounted, 'outbox'), fill, () => {
        rmSync(ballast);
      });
    },
    30_000,
  );
});

function canLimit(): boolean {
  return succeeds('prlimit', ['--version']);
}

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && succeeds('unshare', ['-m', 'true']);
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
