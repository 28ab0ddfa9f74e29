// Runs npm scripts one after the other, with one line before each so that nobody waits in silence:
//
//     node .ci/steps.mjs build lint [--before-tests]
//
// All of them run, also after one has failed: three findings at once are better than one at a time. The end names those
// that failed. With --before-tests, tests would have followed; then the last line is the one they would have ended with.

import { spawnSync } from 'node:child_process';

const beforeTests = process.argv.includes('--before-tests');
const steps = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const failed = [];
for (const [index, step] of steps.entries()) {
  const command = `npm run -s ${step}`;
  console.log(`[${index + 1}/${steps.length}] ${command}`);
  // By a shell: on Windows npm is a .cmd file, which nothing else starts.
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
  if (status !== 0) failed.push(command);
}

if (failed.length > 0) {
  console.log(`failed: ${failed.join(', ')}`);
  if (beforeTests) console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
