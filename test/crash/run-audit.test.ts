import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';

// Started as by hand, and stopped if it does not end: the audit itself gives up after a while.
jest.setTimeout(180_000);

interface Run {
  readonly code: number;
  readonly output: string;
}

function runAudit(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join(__dirname, 'run-audit.ts'), ...args];
    const child = execFile(process.execPath, command, { timeout: 170_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0;

describe('the crash audit (case 64), a short one: npm run test:crash is the long one', () => {
  interface Variant {
    readonly of: string;
    readonly args: readonly string[];
    readonly kills?: number;
    /** A line of the report that shows it did happen. */
    readonly happened?: RegExp;
  }
  const variants: readonly Variant[] = [
    { of: 'an app', args: [] },
    {
      of: 'an app with a CRM that fails and dies, and a thread that ends',
      args: ['--faults', '--crm-kills', '--thread-ends'],
      happened: /^ends of the thread +[1-9]/m,
    },
    { of: 'an app whose post office runs in its own thread', args: ['--inline'] },
    ...(canLimitFiles ? [{ of: 'an app whose disk is full now and then (case 68)', args: ['--disk-full'] }] : []),
    { of: 'four processes on one outbox', args: ['--processes', '4', '--faults'] },
    {
      of: 'an app that stands still for longer than holdMs',
      args: ['--stalls'],
      happened: /^(busy loops|stops) beyond holdMs +[1-9]/m,
    },
    {
      of: 'an app whose CRM never takes some bookings',
      args: ['--poison'],
      kills: 6,
      happened: /^calm times +[1-9]/m,
    },
    {
      of: 'an app whose files are deleted and replaced',
      args: ['--file-faults'],
      kills: 8,
      happened: /^longest until a fault was noticed +\d+ ms/m,
    },
    { of: 'an app whose clock jumps', args: ['--clock-jumps'], happened: /^jumps of the clock +[1-9]/m },
  ];

  it.each(variants)(
    '$of: nothing is lost, out of order or sent under two ids',
    async ({ args, kills = 15, happened = /^/ }) => {
      const { code, output } = await runAudit('--kills', String(kills), '--life', '1000', ...args);
      process.stdout.write(`${args.join(' ')}\n${output}`);
      expect(output).toMatch(/^sound$/m);
      expect(Number(/^kills of the app +(\d+)$/m.exec(output)?.[1])).toBeGreaterThanOrEqual(kills);
      expect(output).toMatch(happened);
      expect(output).not.toMatch(/^seen to succeed +\d{0,2}$/m);
      expect(code).toBe(0);
    },
  );

  it('says what it can do, and what was wrong with its options', async () => {
    expect(await runAudit('--help')).toEqual({ code: 0, output: expect.stringContaining('--processes N') });
    for (const args of [
      ['--kils', '3'],
      ['--kills', 'many'],
      ['--kills', '0'],
      ['--stalls', '--disk-full'],
      ['--package', __dirname],
    ]) {
      expect(await runAudit(...args)).toEqual({
        code: 2,
        output: expect.stringContaining('Usage: npm run test:crash'),
      });
    }
  });
});
