// Runs npm scripts, a group of them at a time and as many side by side as there are cores:
//
//     node .ci/steps.mjs build --then lint typecheck [--before-tests]
//
// Each start is one line, so that nobody waits in silence; what a script prints comes in one piece once it has ended. All
// of them run, also after one has failed: three findings at once are better than one at a time. The end names those that
// failed. With --before-tests, tests follow: what they need is installed meanwhile, and if something has failed, the last line
// is the one that they would have ended with.

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const words = process.argv.slice(2);
const beforeTests = words.includes('--before-tests');
const groups = [[]];
for (const word of words) {
  if (word === '--then') groups.push([]);
  else if (!word.startsWith('--')) groups.at(-1).push(word);
}
// Mostly waits for the network and the disk, so it goes first.
if (beforeTests) groups.at(-1).unshift('install:programs');
const count = groups.flat().length;

const failed = [];
let startedCount = 0;

function run(step) {
  const command = `npm run -s ${step}`;
  startedCount += 1;
  console.log(`[${startedCount}/${count}] ${command}`);
  const startedAtMs = performance.now();
  const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env;
  // By a shell: on Windows npm is a .cmd file, which nothing else starts.
  const child = spawn(command, { shell: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
      if (code !== 0) failed.push(command);
      if (output.length > 0) {
        console.log(`${command} printed:`);
        process.stdout.write(Buffer.concat(output));
      }
      console.log(`${command} has ${code === 0 ? 'passed' : 'failed'} in ${seconds} s`);
      resolve();
    });
  });
}

for (const group of groups) {
  const waiting = [...group];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await run(step);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

if (failed.length > 0) {
  console.log(`failed: ${failed.join(', ')}`);
  if (beforeTests) console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
