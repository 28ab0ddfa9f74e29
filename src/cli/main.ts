#!/usr/bin/env node
import { runCli } from './run-cli.js';

const { stdin, stdout, stderr, env } = process;

// Whoever read the output has gone; the stream says so from now on, and that is enough.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait.
    if (stopping.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping.abort(signal);
  });
}

void runCli(process.argv.slice(2), { stdin, stdout, stderr, env, stop: stopping.signal }).then((exitCode) => {
  process.exitCode = exitCode;
  // What was broken off, such as a wait for the CRM, is not to be waited for.
  if (stopping.signal.aborted) process.exit();
});
