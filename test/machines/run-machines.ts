/** The audit of several machines by hand: see `usage`, or CONTRIBUTING.md. */
import { parseArgs } from 'node:util';
import { auditMachines, type AuditOptions, type AuditReport } from './machines-audit.js';
import { nuisances } from './nuisances/nuisances.js';
import type { Takeover } from './stage.js';
import { reasonsAgainst, takeoverAllowedMs } from './verdict.js';

const names = nuisances.map(({ name }) => name);

const usage = `Usage: npm run test:machines -- [options]

Three machines with one PostgreSQL: apps that change bookings, and tell a CRM of each change in the change's own
transaction. Round by round something befalls them; then what was committed is held against what the CRM has.

  --rounds N       how often something befalls them                    (1000)
  --only NAMES     what befalls them, with commas between; else all of:
                   ${names.slice(0, 5).join(', ')},
                   ${names.slice(5).join(', ')}
  --hooks-only     no transaction tells anything, hooks do after it: then some must be missing, or the audit proves nothing
  --seed N         what befalls which machine is drawn with it; the instants are not
  --seconds N      no more rounds after so long                        (7200)
  --json           the report as JSON, and nothing else
  --keep           keep the apps' log lines and say where they are

Example: npm run test:machines -- --rounds 100 --only kill-after-commit,freeze-leader

Another machine has to post within ${String(takeoverAllowedMs.kill)} ms after the leader was killed, and ${String(takeoverAllowedMs.freeze)} ms after it was frozen; and
longer by what the operating system was late with their work.

Ends with 0 when nothing is missing, out of order, under two ids or of what was rolled back, and the rest is in order, too;
with 1 when it is not, and says what; with 2 for wrong usage. With --hooks-only it ends with 0 when some are missing.`;

const flag = { type: 'boolean', default: false } as const;

function readOptions(): AuditOptions & { readonly isJson: boolean; readonly isHelp: boolean } {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '7200' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      only: { type: 'string', default: '' },
      'hooks-only': flag,
      json: flag,
      keep: flag,
      help: flag,
    },
  });
  const counts = { rounds: Number(values.rounds), maxSeconds: Number(values.seconds), seed: Number(values.seed) };
  if (!Object.values(counts).every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw new Error('--rounds, --seconds and --seed take a whole number from 1');
  }
  const only = values.only.split(',').filter((name) => name !== '');
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only knows no "${unknown}"; it knows ${names.join(', ')}`);
  const { json, help, keep } = values;
  return { ...counts, only, hooksOnly: values['hooks-only'], keepsFiles: keep, isJson: json, isHelp: help };
}

function longest(takeovers: readonly Takeover[], after: Takeover['after']): string {
  const beyond = ({ tookMs, lateMs }: Takeover): number => tookMs - lateMs;
  const ofKind = takeovers.filter((takeover) => takeover.after === after);
  const [first] = [...ofKind].sort((one, other) => beyond(other) - beyond(one));
  if (first === undefined) return '';
  return `${first.tookMs.toFixed(0)} ms (of ${String(ofKind.length)}; the machine was late by ${String(first.lateMs)} ms)`;
}

function print({ load, takeovers, ...report }: AuditReport): void {
  const lines: Readonly<Record<string, string | number>> = {
    rounds: report.rounds,
    ...Object.fromEntries(names.map((name) => [`  ${name}`, report.nuisances[name] ?? 0])),
    ...Object.fromEntries(Object.entries(report.crmFaults).map(([name, count]) => [`CRM: ${name}`, count])),
    'changes asked for': load.sent,
    'seen to succeed': load.succeeded,
    'rolled back by the app': load.rolledBack,
    'refused while the database was away': load.refused,
    'broken off': load.brokenOff,
    'notifications owed': report.owedCount,
    'arrivals at the CRM': report.arrivalCount,
    'repeats under the same id': report.repeats,
    'longest until taken over after a kill': longest(takeovers, 'kill'),
    'longest until taken over after a freeze': longest(takeovers, 'freeze'),
    'leaders thawed after their lease': report.thaws,
    'posts by these': report.postsAfterThaw,
    'apps that ended by themselves': report.ownEnds,
    'errors that no app caught': report.uncaught.length,
    missing: report.missing.length,
    'of a rolled-back transaction': report.rolledBack.length,
    'out of order in their lane': report.outOfOrder.length,
    'sent under two ids': report.doubled.length,
    'still pending': report.pending,
    'dead letters': report.dead,
    seconds: report.seconds,
  };
  for (const [name, value] of Object.entries(lines)) console.log(`${name.padEnd(50)}${String(value)}`);
  for (const name of ['missing', 'rolledBack', 'outOfOrder', 'doubled', 'uncaught'] as const) {
    if (report[name].length > 0) console.log(`${name}: ${report[name].slice(0, 10).join('; ')}`);
  }
}

/** Prints how it ended; returns the exit code. */
function conclude(report: AuditReport, { hooksOnly, isJson }: { hooksOnly: boolean; isJson: boolean }): number {
  const reasons = reasonsAgainst(report);
  const lossCount = report.missing.length;
  const isSound = hooksOnly ? lossCount > 0 : reasons.length === 0;
  if (isJson) console.log(JSON.stringify({ ...report, isSound, reasons }, null, 2));
  else if (hooksOnly) {
    console.log(
      isSound
        ? `losses seen: hooks alone lost ${String(lossCount)} of ${String(report.owedCount)}, so the audit would notice`
        : 'NO LOSSES SEEN: hooks alone lost nothing, so the audit proves nothing; play more rounds',
    );
  } else {
    console.log(isSound ? 'sound' : 'NOT SOUND');
    for (const reason of reasons) console.log(`- ${reason}`);
  }
  return isSound ? 0 : 1;
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { isJson, isHelp, keepsFiles } = options;
  if (isHelp) {
    console.log(usage);
    return 0;
  }
  const report = await auditMachines(options, (line) => {
    if (!isJson) console.log(line);
  });
  if (!isJson) print(report);
  if (!isJson && keepsFiles) console.log(`files: ${report.directory}`);
  return conclude(report, options);
}

void main().then((code) => {
  process.exitCode = code;
});
