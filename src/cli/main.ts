#!/usr/bin/env node
import { runCli } from './run-cli.js';

const { stdin, stdout, stderr, env } = process;

// The reader of a pipe may leave. The stream is not writable from then on, and Output checks that.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

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
  process.exitCode = exitCode;
  // An interrupted command may leave work behind, such as a request to the CRM. Do not wait for it.
  if (stopping.signal.aborted) process.exit();
});
