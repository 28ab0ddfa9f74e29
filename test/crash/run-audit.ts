/**
 * The crash audit: an app under load is killed with SIGKILL at random instants, many times; then what clients saw
 * succeed is held against what the CRM has.
 *
 *     npm run test:crash                         1,000 kills
 *     npm run test:crash -- --kills 50 --help
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const usage = `Usage: npm run test:crash -- [options]

  --kills N        how often the app is killed with SIGKILL           (1000)
  --crm-kills      the CRM is killed and started again, too
  --faults         the CRM resets connections, is slow, answers 503
  --thread-kills   the post office's thread is ended now and then, too
  --inline         the post office runs in the app's own thread
  --processes N    so many apps share one outbox                      (1)
  --seconds N      stop killing after so long                         (1800)
  --keep           keep the files and say where they are

Ends with 0 when nothing was lost, out of order or sent under two ids; with 1 otherwise.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    'crm-kills': { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    'thread-kills': { type: 'boolean', default: false },
    inline: { type: 'boolean', default: false },
    processes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '1800' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const killGoal = Number(values.kills);
const processCount = Number(values.processes);

const directory = mkdtempSync(join(tmpdir(), 'crash-audit-'));
const journal = join(directory, 'journal');
writeFileSync(journal, '');
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** The last step of each booking that was asked for, and those whose success a client saw. */
const seen = new Map<number, Set<number>>();
let nextBooking = 1;
let sentCount = 0;
let successCount = 0;
let failureCount = 0;
let unknownCount = 0;
let killCount = 0;
let crmKillCount = 0;
let threadKillCount = 0;
let isOver = false;

interface Program {
  child: ChildProcess;
  port: number;
}

function startProgram(file: string, env: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => {
      resolve({ child, port: message.port });
    });
    child.once('exit', (code, signal) => {
      reject(new Error(`${file} ended at its start: ${String(code ?? signal)}`));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The status, or undefined when the connection broke: then nobody knows whether the booking was made. */
function post(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent }, (res) => {
      res.resume();
      res.on('end', () => {
        resolve(res.complete ? res.statusCode : undefined);
      });
      res.on('error', () => {
        resolve(undefined);
      });
    });
    call.on('error', () => {
      resolve(undefined);
    });
    call.end();
  });
}

/** One client: steps of one booking, one after the other, as long as the app lives; then another booking. */
async function client(app: () => Program | undefined): Promise<void> {
  while (!isOver) {
    const booking = nextBooking;
    nextBooking += 1;
    const steps = new Set<number>();
    seen.set(booking, steps);
    for (let step = 1; step <= 20; step += 1) {
      if (isOver) return;
      const current = app();
      if (current === undefined) {
        await pause(2);
        step -= 1;
        continue;
      }
      sentCount += 1;
      const status = await post(current.port, `/bookings/${String(booking)}/steps/${String(step)}`);
      if (status === 201) {
        successCount += 1;
        steps.add(step);
      } else if (status === undefined) {
        unknownCount += 1;
        await pause(1);
      } else failureCount += 1;
    }
  }
}

const crmEnv = { JOURNAL: journal, ...(values.faults ? { FAULTS: 'true' } : {}) };
let crm = await startProgram('crash-crm.mjs', crmEnv);
const crmPort = crm.port;
const appEnv = {
  CRM_URL: `http://127.0.0.1:${String(crmPort)}`,
  OUTBOX: join(directory, 'outbox'),
  THREAD: values.inline ? 'false' : 'true',
};
const apps: (Program | undefined)[] = [];
for (let index = 0; index < processCount; index += 1) apps.push(await startProgram('crash-app.mjs', appEnv));

const startedAtMs = performance.now();
const elapsedSeconds = (): number => (performance.now() - startedAtMs) / 1000;

async function killApps(index: number): Promise<void> {
  while (killCount < killGoal && elapsedSeconds() < Number(values.seconds)) {
    await pause(Math.random() * 250);
    const victim = apps[index];
    apps[index] = undefined;
    victim?.child.kill('SIGKILL');
    if (victim !== undefined) await ended(victim.child);
    killCount += 1;
    if (killCount % 50 === 0) report(`${String(killCount)} kills`);
    apps[index] = await startProgram('crash-app.mjs', appEnv);
  }
}

async function killCrm(): Promise<void> {
  while (!isOver) {
    await pause(500 + Math.random() * 3000);
    if (isOver) return;
    crm.child.kill('SIGKILL');
    await ended(crm.child);
    crmKillCount += 1;
    await pause(Math.random() * 500);
    crm = await startProgram('crash-crm.mjs', { ...crmEnv, CRM_PORT: String(crmPort) });
  }
}

async function killThreads(): Promise<void> {
  while (!isOver) {
    await pause(Math.random() * 400);
    const app = apps[Math.floor(Math.random() * apps.length)];
    if (app !== undefined && (await post(app.port, '/kill-thread')) === 200) threadKillCount += 1;
  }
}

function report(what: string): void {
  console.log(
    `${elapsedSeconds().toFixed(0).padStart(5)} s  ${what}, ${String(successCount)} bookings seen to succeed, ${String(unknownCount)} broken off`,
  );
}

report(`starting ${String(processCount)} app(s), ${String(killGoal)} kills to come`);
const clients = Array.from({ length: 16 }, (_, index) => client(() => apps[index % processCount]));
const crmKiller = values['crm-kills'] ? killCrm() : Promise.resolve();
const threadKiller = values['thread-kills'] ? killThreads() : Promise.resolve();
await Promise.all(Array.from({ length: processCount }, (_, index) => killApps(index)));
isOver = true;
await Promise.all([...clients, crmKiller, threadKiller]);

report('waiting for the rest to be delivered');
const pendingOf = async (): Promise<number> => {
  const answer = await fetch(`http://127.0.0.1:${String(apps[0]?.port)}/stats`);
  return ((await answer.json()) as { pending: number }).pending;
};
const drainingSinceMs = performance.now();
let pending = await pendingOf();
while (pending > 0 && performance.now() - drainingSinceMs < 120_000) {
  await pause(100);
  pending = await pendingOf();
}
for (const app of apps) app?.child.kill('SIGTERM');
for (const app of apps) if (app !== undefined) await ended(app.child);
crm.child.kill('SIGKILL');
await ended(crm.child);
agent.destroy();

// The audit proper: arrivals in order, each id's first one counting.
const firstIds = new Map<string, string>();
const lastStep = new Map<number, number>();
const ids = new Set<string>();
let arrivalCount = 0;
let outOfOrderCount = 0;
let doubleCount = 0;
for (const line of readFileSync(journal, 'utf8').split('\n')) {
  if (!line.endsWith(']')) continue;
  const [id, booking, step] = JSON.parse(line) as [string, number, number];
  arrivalCount += 1;
  if (ids.has(id)) continue;
  ids.add(id);
  const what = `${String(booking)}/${String(step)}`;
  if (firstIds.has(what)) doubleCount += 1;
  firstIds.set(what, id);
  if ((lastStep.get(booking) ?? 0) > step) outOfOrderCount += 1;
  lastStep.set(booking, step);
}
const lost: string[] = [];
for (const [booking, steps] of seen) {
  for (const step of steps)
    if (!firstIds.has(`${String(booking)}/${String(step)}`)) lost.push(`${String(booking)}/${String(step)}`);
}

console.log(`
kills of the app             ${String(killCount)}
kills of the CRM             ${String(crmKillCount)}
ends of the thread           ${String(threadKillCount)}
requests sent                ${String(sentCount)}
seen to succeed              ${String(successCount)}
answered with a failure      ${String(failureCount)}
broken off                   ${String(unknownCount)}
arrivals at the CRM          ${String(arrivalCount)}
  repeats under the same id  ${String(arrivalCount - ids.size)}
lost                         ${String(lost.length)}
out of order in their lane   ${String(outOfOrderCount)}
sent under two ids           ${String(doubleCount)}
still pending                ${String(pending)}
seconds                      ${elapsedSeconds().toFixed(0)}`);
if (lost.length > 0) console.log(`lost: ${lost.slice(0, 20).join(' ')}`);
if (values.keep) console.log(`files: ${directory}`);
else rmSync(directory, { recursive: true, force: true });
const isSound = lost.length === 0 && outOfOrderCount === 0 && doubleCount === 0 && pending === 0 && failureCount === 0;
console.log(isSound ? 'sound' : 'NOT SOUND');
process.exitCode = isSound ? 0 : 1;
