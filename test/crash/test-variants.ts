import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** How an audit ended. */
export interface AuditRun {
  readonly code: number;
  readonly output: string;
}

/** One kind of trouble for the app. */
export interface Variant {
  readonly of: string;
  readonly args: readonly string[];
  /** @default 15 */
  readonly kills?: number;
  /** A line of the report that shows that it did happen. */
  readonly happened?: RegExp;
}

/** Runs an audit as by hand; one that does not end is stopped. */
export function runAudit(...args: readonly string[]): Promise<AuditRun> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join(__dirname, 'run-audit.ts'), ...args];
    const child = execFile(process.execPath, command, { timeout: 170_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

/** Defines one test for each variant: a short audit, which must find nothing. */
export function testVariants(variants: readonly Variant[]): void {
  it.each(variants)(
    '$of: nothing is lost, out of order or sent under two ids',
    async ({ args, kills = 15, happened = /^/ }) => {
      const { code, output } = await runAudit('--kills', String(kills), '--life', '1000', ...args);
      process.stdout.write(`${args.join(' ')}\n${output}`);
      expect(output).toMatch(/^sound$/m);
      expect(Number(/^kills of the app +(\d+)$/m.exec(output)?.[1])).toBeGreaterThanOrEqual(kills);
      expect(output).toMatch(happened);
      // A machine so busy that an app lives for little more than its start still sees some.
      expect(output).not.toMatch(/^seen to succeed +\d?$/m);
      expect(code).toBe(0);
    },
    // The audit itself gives up earlier.
    180_000,
  );
}
