import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describeOnOwnPostgres } from '../helpers/use-postgres.js';

interface AuditRun {
  readonly code: number;
  readonly output: string;
}

/** Runs an audit as by hand; one that does not end is stopped. */
function runAudit(...args: readonly string[]): Promise<AuditRun> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join(__dirname, 'run-machines.ts'), ...args];
    const child = execFile(process.execPath, command, { timeout: 280_000 }, (_error, stdout, stderr) => {
      const code = child.exitCode ?? -1;
      if (code !== 2) process.stdout.write(`${args.join(' ')}\n${stdout}${stderr}`);
      resolve({ code, output: stdout + stderr });
    });
  });
}

// Short ones: npm run test:machines is the long one.
describeOnOwnPostgres('the audit of three machines with one PostgreSQL', () => {
  it('finds nothing missing, rolled back, out of order or under two ids, whatever befalls them', async () => {
    const { code, output } = await runAudit('--rounds', '12');
    expect(output).toMatch(/^sound$/m);
    expect(output).not.toMatch(/^seen to succeed +\d{0,2}$/m);
    expect(code).toBe(0);
  }, 300_000);

  it('sees another machine take over, and nothing of the leader that was frozen or killed', async () => {
    const { code, output } = await runAudit('--rounds', '3', '--only', 'freeze-leader,kill-leader');
    expect(output).toMatch(/^sound$/m);
    expect(output).toMatch(/^longest until taken over after a kill +\d+ ms/m);
    expect(output).toMatch(/^longest until taken over after a freeze +\d+ ms/m);
    expect(code).toBe(0);
  }, 300_000);

  it('sees what is lost without a transaction, so it would see it with one', async () => {
    const { code, output } = await runAudit('--rounds', '8', '--hooks-only', '--only', 'kill-after-commit');
    expect(output).toMatch(/^losses seen: hooks alone lost \d+ of \d+/m);
    expect(code).toBe(0);
  }, 300_000);

  it('says what it can do, and what was wrong with its options', async () => {
    expect(await runAudit('--help')).toEqual({ code: 0, output: expect.stringContaining('--hooks-only') });
    for (const args of [
      ['--round', '3'],
      ['--rounds', 'many'],
      ['--only', 'earthquake'],
    ]) {
      expect(await runAudit(...args)).toEqual({
        code: 2,
        output: expect.stringContaining('Usage: npm run test:machines'),
      });
    }
  }, 60_000);
});
