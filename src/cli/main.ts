#!/usr/bin/env node
import { runCli } from './run-cli.js';

const { stdin, stdout, stderr, env } = process;

// The stream is not writable from then on, and Output checks that. The reader of a pipe may leave; else what was printed is not
// complete, as on a full disk.
let isOutputLost = false;
stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || isOutputLost) return;
  isOutputLost = true;
  process.exitCode = 1;
  stderr.write(`The output is not complete: it cannot be written (${code ?? 'unknown'})\n`);
});
stderr.on('error', () => undefined);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal ends the process at once.
    if (stopping.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping.abort(signal);
  });
}

const context = { stdin, stdout, stderr, env, cwd: process.cwd(), stop: stopping.signal };
void runCli(process.argv.slice(2), context).then((exitCode) => {
  process.exitCode = isOutputLost ? 1 : exitCode;
  // An interrupted command may leave work behind, such as a request to the CRM. Do not wait for it.
  if (stopping.signal.aborted) process.exit();
});
