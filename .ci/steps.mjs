// Runs npm scripts, a group of them at a time and as many side by side as there are cores:
//
//     node .ci/steps.mjs build --then lint typecheck
//     node .ci/steps.mjs build --then typecheck --beside lint --tests test:unit [argument …]
//
// Each start is one line, so that nobody waits in silence; what a script prints comes in one piece once it has ended. All
// of them run, also after one has failed: three findings at once are better than one at a time. The end names those that
// failed. The tests come last, unless something has failed before, and print as they go. Tests mostly wait, so the scripts after
// --beside run meanwhile, one at a time and only when nothing else wants a core. The tests end with a line like
// `12 passed, 0 failed`; here it is the very last one, and has what else failed.

import { spawn } from 'node:child_process';
import { availableParallelism, constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';

const words = process.argv.slice(2);
const [checks, tests, beside] = [wordsAfter(undefined), wordsAfter('--tests'), wordsAfter('--beside')];
const groups = [[]];
for (const word of checks) {
  if (word === '--then') groups.push([]);
  else groups.at(-1).push(word);
}
const count = checks.filter((word) => word !== '--then').length + Math.min(1, tests.length) + beside.length;

const failed = [];
let startedCount = 0;

/** The words between a flag, or the beginning, and the next flag that begins another kind of them. */
function wordsAfter(flag) {
  const rest = words.slice(words.indexOf(flag) + 1);
  const end = rest.findIndex((word) => word === '--tests' || word === '--beside');
  if (flag !== undefined && !words.includes(flag)) return [];
  return end === -1 ? rest : rest.slice(0, end);
}

function start(command, stdin) {
  startedCount += 1;
  console.log(`[${startedCount}/${count}] ${command}`);
  const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env;
  // By a shell: on Windows npm is a .cmd file, which nothing else starts.
  return spawn(command, { shell: true, env, stdio: [stdin, 'pipe', 'pipe'] });
}

function endOf(child) {
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}

async function run(step, priority = constants.priority.PRIORITY_NORMAL) {
  const command = `npm run -s ${step}`;
  const startedAtMs = performance.now();
  const child = start(command, 'ignore');
  setPriority(child.pid, priority);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const hasPassed = await endOf(child);
  if (!hasPassed) failed.push(command);
  if (output.length > 0) {
    console.log(`${command} printed:`);
    process.stdout.write(Buffer.concat(output));
  }
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
  console.log(`${command} has ${hasPassed ? 'passed' : 'failed'} in ${seconds} s`);
}

/** Returns how many tests have passed and failed. */
async function runTests([script, ...given]) {
  const quoted = given.map((argument) => ` ${JSON.stringify(argument)}`).join('');
  const child = start(`npm run -s ${script}${given.length > 0 ? ` --${quoted}` : ''}`, 'inherit');
  let result = { passed: 0, failed: 1 };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const closing = /^(\d+) passed, (\d+) failed$/.exec(line);
      if (closing === null) console.log(line);
      else result = { passed: Number(closing[1]), failed: Number(closing[2]) };
    });
  }
  const hasPassed = await endOf(child);
  return { ...result, failed: hasPassed ? result.failed : Math.max(1, result.failed) };
}

async function runOneByOne(waiting, priority) {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await run(step, priority);
}

for (const group of groups) {
  // Each lane takes what is next.
  await Promise.all(Array.from({ length: availableParallelism() }, () => runOneByOne(group)));
}

let result = { passed: 0, failed: 0 };
if (tests.length > 0 && failed.length === 0) {
  [result] = await Promise.all([runTests(tests), runOneByOne(beside, constants.priority.PRIORITY_LOW)]);
}
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
if (tests.length > 0) console.log(`${result.passed} passed, ${result.failed + failed.length} failed`);
if (failed.length + result.failed > 0) process.exitCode = 1;
