/** The crash audit by hand: see `usage`, or CONTRIBUTING.md. */
import { parseArgs } from 'node:util';
import { auditCrashes, isSound, type AuditReport } from './crash-audit.js';

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
  --seconds N      no more kills after so long                          (1800)
  --keep           keep the files and say where they are

Example: npm run test:crash -- --kills 100 --processes 4 --faults

Ends with 0 when nothing was lost, out of order or sent under two ids; with 1 when something was; with 2 for wrong usage.`;

const flag = { type: 'boolean', default: false } as const;

function readOptions() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      life: { type: 'string', default: '250' },
      processes: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '1800' },
      inline: flag,
      'crm-kills': flag,
      faults: flag,
      'thread-ends': flag,
      'disk-full': flag,
      keep: flag,
      help: flag,
    },
  });
  const counts = {
    kills: Number(values.kills),
    maxLifeMs: Number(values.life),
    processes: Number(values.processes),
    maxSeconds: Number(values.seconds),
  };
  if (!Object.values(counts).every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw new Error('--kills, --life, --processes and --seconds take a whole number from 1');
  }
  return { ...values, ...counts };
}

function print({ load, lost, ...report }: AuditReport): void {
  const lines = {
    'kills of the app': report.kills,
    'kills of the CRM': report.crmKills,
    'ends of the thread': report.threadEnds,
    'times the disk was full': report.diskFills,
    'requests sent': load.sent,
    'seen to succeed': load.succeeded,
    'answered with a failure': load.failed,
    'broken off': load.brokenOff,
    'arrivals at the CRM': report.total,
    'repeats under the same id': report.repeats,
    lost: lost.length,
    'out of order in their lane': report.outOfOrder,
    'sent under two ids': report.doubled,
    'still pending': report.pending,
    seconds: report.seconds,
  };
  for (const [name, value] of Object.entries(lines)) console.log(`${name.padEnd(28)}${value}`);
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
      keepsFiles: options.keep,
    },
    (line) => {
      console.log(line);
    },
  );
  print(report);
  if (options.keep) console.log(`files: ${report.directory}`);
  console.log(isSound(report) ? 'sound' : 'NOT SOUND');
  return isSound(report) ? 0 : 1;
}

void main().then((code) => {
  process.exitCode = code;
});
