/** The crash audit by hand: see `usage`, or CONTRIBUTING.md. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { auditCrashes, type AuditReport } from './crash-audit.js';
import type { Notice } from './stage.js';
import { reasonsAgainst } from './verdict.js';
import { longestWaitAllowedMs, noticeAllowedMs } from './waits.js';

const usualWorkMs = 800;

const usage = `Usage: npm run test:crash -- [options]

An app under load is killed with SIGKILL at random instants; then what its clients saw succeed is held against what
the CRM has.

  --kills N        how often                                            (1000)
  --life N         an app lives so many milliseconds at most            (250)
  --processes N    so many apps share one outbox                        (1)
  --inline         the post office runs in the app's own thread
  --crm-kills      the CRM is killed and started again, too
  --faults         the CRM resets connections, leaves some half open, is slow, answers 503
  --thread-ends    the post office's thread is ended now and then, too
  --disk-full      the disk is full now and then (Linux, with prlimit)
  --stalls         the app stands still for longer than holdMs now and then: a busy loop, or SIGSTOP and SIGCONT; often
                   it is killed as soon as a client has seen a success after that
  --poison         the CRM never takes some bookings: it resets, hangs, answers 401 or 403 for these until the end; and
                   no good one may wait longer than ${longestWaitAllowedMs({ workMs: usualWorkMs })} ms while app and CRM are up: the longest delay
                   of a probe, the deadline of an attempt, and some work; more when the machine is late
  --file-faults    files of the outbox are deleted, renamed, replaced by a backup or by what another process makes,
                   while in use; the next kill comes once each app has noticed, which may take ${noticeAllowedMs({ workMs: usualWorkMs })} ms, and
                   longer when the machine is late
  --clock-jumps    the app's wall clock jumps, by hours to a year and to 1970, at its start and later; no dead letter
                   may vanish, nothing may expire
  --two-targets    each booking is owed to two targets, and each has its order
  --batches        notifications are sent in batches
  --package DIR    the built package to audit, rather than this one: a checkout with dist/, or an installed one
  --work N         of both bounds, so much is for the machine's work, in milliseconds  (800)
  --seconds N      no more kills after so long                          (1800)
  --keep           keep the files and say where they are

Example: npm run test:crash -- --kills 100 --processes 4 --faults

The machine is late while an app or the CRM is ready to work and gets no processor, because other programs use it. A calm
time in which it is too late is discarded, since it says nothing; when all are discarded, the audit fails.

--disk-full goes with neither --stalls nor --file-faults: a disk that takes nothing is a reason to let responses go.

Ends with 0 when nothing was lost, out of order or sent under two ids, and nothing waited too long or vanished; with 1 when
something was or did, and says what; with 2 for wrong usage.`;

const flag = { type: 'boolean', default: false } as const;

function readOptions() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      life: { type: 'string', default: '250' },
      processes: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '1800' },
      work: { type: 'string', default: String(usualWorkMs) },
      inline: flag,
      'crm-kills': flag,
      faults: flag,
      'thread-ends': flag,
      'disk-full': flag,
      stalls: flag,
      poison: flag,
      'file-faults': flag,
      'clock-jumps': flag,
      'two-targets': flag,
      batches: flag,
      package: { type: 'string' },
      keep: flag,
      help: flag,
    },
  });
  const counts = {
    kills: Number(values.kills),
    maxLifeMs: Number(values.life),
    processes: Number(values.processes),
    maxSeconds: Number(values.seconds),
    workMs: Number(values.work),
  };
  if (!Object.values(counts).every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw new Error('--kills, --life, --processes, --work and --seconds take a whole number from 1');
  }
  if (values['disk-full'] && (values.stalls || values['file-faults'])) {
    throw new Error('--disk-full goes with neither --stalls nor --file-faults');
  }
  return { ...values, ...counts, package: builtPackage(values.package) };
}

function builtPackage(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const directory = resolve(path);
  const manifest = join(directory, 'package.json');
  const { name } = existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }) : {};
  if (name !== 'express-crm-notifier' || !existsSync(join(directory, 'dist'))) {
    throw new Error('--package takes the directory of a built express-crm-notifier, with its package.json and dist/');
  }
  return directory;
}

function lateText(ms: number, { lateMs }: { readonly lateMs: number }): string {
  return `${ms} ms (the machine was late by ${lateMs} ms)`;
}

function print({ load, lost, ...report }: AuditReport): void {
  const beyond = ({ tookMs, lateMs }: Notice): number => tookMs - lateMs;
  const [longestNotice] = [...report.notices].sort((one, other) => beyond(other) - beyond(one));
  const lines = {
    'kills of the app': report.kills,
    'kills of the CRM': report.crmKills,
    'ends of the thread': report.threadEnds,
    'times the disk was full': report.diskFills,
    'busy loops beyond holdMs': report.busyLoops,
    'stops beyond holdMs': report.stops,
    'outbox blamed for them': report.falseBlames,
    'jumps of the clock': report.clockJumps,
    ...Object.fromEntries(Object.entries(report.fileFaults).map(([name, count]) => [`fault: ${name}`, count])),
    'requests sent': load.sent,
    'seen to succeed': load.succeeded,
    'answered with a failure': load.failed,
    'broken off': load.brokenOff,
    'arrivals at the CRM': report.total,
    'repeats under the same id': report.repeats,
    'of these, poison': report.poisonCount,
    'dead letters': report.deadCount,
    'dead letters vanished': report.vanishedCount,
    'dead though good': report.wronglyDead.length,
    'calm times': report.calmCount,
    'calm times discarded, as the machine was late': report.discardedCalmCount,
    'longest wait of a good one':
      report.calmCount === 0 ? '' : lateText(report.longestWait.waitedMs, report.longestWait),
    'longest until a fault was noticed':
      longestNotice === undefined ? '' : lateText(longestNotice.tookMs, longestNotice),
    'faults that an app did not notice': report.unnoticed.length,
    lost: lost.length - report.vanishedCount,
    'out of order in their lane': report.outOfOrder,
    'sent under two ids': report.doubled,
    'still pending': report.pending,
    seconds: report.seconds,
  };
  for (const [name, count] of Object.entries(report.lostAround))
    console.log(`${`lost around: ${name}`.padEnd(60)}${count}`);
  for (const [name, value] of Object.entries(lines)) console.log(`${name.padEnd(60)}${value}`);
  if (lost.length > 0) console.log(`lost: ${lost.slice(0, 20).join(' ')}`);
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const report = await auditCrashes(
    {
      ...options,
      isInline: options.inline,
      killsCrm: options['crm-kills'],
      hasFaults: options.faults,
      endsThread: options['thread-ends'],
      fillsDisk: options['disk-full'],
      stallsApp: options.stalls,
      hasPoison: options.poison,
      faultsFiles: options['file-faults'],
      jumpsClock: options['clock-jumps'],
      hasTwoTargets: options['two-targets'],
      sendsBatches: options.batches,
      keepsFiles: options.keep,
    },
    (line) => {
      console.log(line);
    },
  );
  print(report);
  if (options.keep) console.log(`files: ${report.directory}`);
  const reasons = reasonsAgainst(report, options);
  console.log(reasons.length === 0 ? 'sound' : 'NOT SOUND');
  for (const reason of reasons) console.log(`- ${reason}`);
  return reasons.length === 0 ? 0 : 1;
}

void main().then((code) => {
  process.exitCode = code;
});
