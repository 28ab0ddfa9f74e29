import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a bench measured, as far as tests read it. */
export interface BenchResults {
  readonly machine: { readonly node: string };
  readonly import: { readonly ours: { readonly ms: number } };
  readonly few: readonly { readonly load: string; readonly comparisons: readonly BenchComparison[] }[];
  readonly receipts: readonly { readonly name: string }[];
  readonly saturated: readonly BenchComparison[];
  readonly steady: readonly { readonly name: string }[];
  readonly delivery: { readonly ours: readonly { readonly count: number }[] };
  readonly outages: readonly { readonly name: string; readonly lost: number; readonly failures: number }[];
  readonly pending: readonly { readonly count: number }[];
  readonly postgres: {
    readonly transactions: readonly { readonly ways: readonly { readonly name: string }[] }[];
    readonly commitToCrm: readonly { readonly p50Ms: number }[];
    readonly longTransaction: { readonly phases: readonly { readonly name: string }[] };
    readonly drains: readonly { readonly outbox: string; readonly delivered: number }[];
  };
}

export interface BenchComparison {
  readonly name: string;
  readonly rounds: readonly { readonly lost: number }[];
}

/** Runs the bench as by hand; one that does not end is stopped. */
export function runBench(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join(__dirname, '../../bench/run-bench.ts'), ...args];
    const child = execFile(process.execPath, command, { timeout: 290_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

/** The results that a bench left in its `--out` directory. */
export function readResults(directory: string): BenchResults {
  return JSON.parse(readFileSync(join(directory, 'results.json'), 'utf8')) as BenchResults;
}
