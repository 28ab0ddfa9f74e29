import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Program } from '../program.js';
import { createBag, type Stage } from '../stage.js';
import { befallFiles } from './notice.js';
import { pathOf, removeFiles, restoreBackup, takeBackup, whileFrozen } from './outbox-files.js';

interface FileFault {
  readonly name: string;
  /**
   * Who else is in it: nobody; an app that starts at once on what is there then, and takes the place of the first a moment
   * later; or one whose own file, which began as a copy, comes in the place of the first one's.
   */
  readonly beside: 'nobody' | 'successor' | 'twin';
  befall(stage: Stage, backup: string): void | Promise<void>;
}

/** An app that has noticed lives on for so long at most, with its clients at work again. */
const lifeAfterMs = 800;
/** Between two requests of a client: light load, which leaves no backlog to speak of when the CRM stands still. */
const betweenMs = 50;

const removeDirectory = (stage: Stage): Promise<void> =>
  whileFrozen(stage, () => {
    rmSync(stage.outbox, { recursive: true });
  });

const faults: readonly FileFault[] = [
  {
    name: 'log deleted',
    beside: 'nobody',
    befall({ outbox }) {
      removeFiles(outbox, ['-wal']);
    },
  },
  {
    name: "log's index deleted",
    beside: 'nobody',
    befall({ outbox }) {
      removeFiles(outbox, ['-shm']);
    },
  },
  {
    name: 'file and log deleted',
    beside: 'nobody',
    befall: (stage) =>
      whileFrozen(stage, () => {
        removeFiles(stage.outbox, ['', '-wal', '-shm']);
      }),
  },
  {
    name: 'file renamed',
    beside: 'nobody',
    befall({ outbox, directory }) {
      renameSync(pathOf(outbox), join(directory, 'renamed.db'));
    },
  },
  { name: 'directory deleted', beside: 'nobody', befall: removeDirectory },
  { name: 'backup restored', beside: 'nobody', befall: restoreBackup },
  { name: 'directory deleted, next app', beside: 'successor', befall: removeDirectory },
  { name: 'backup restored, next app', beside: 'successor', befall: restoreBackup },
  { name: "another app's file in its place", beside: 'twin', befall: restoreBackup },
];

const nextFault = createBag(faults);

const plays = { nobody: befallAlone, successor: befallWithSuccessor, twin: befallWithTwin } as const;

/** Something befalls the files of an app in use; whoever calls kills the app after that, as always. */
export async function faultFiles(stage: Stage, place: number): Promise<void> {
  const fault = nextFault();
  if (fault === undefined) return;
  const { load, counts, directory, faultTimes } = stage;
  const startAt = Date.now();
  const backup = join(directory, 'backup');
  // Now and then an older one, of which most has been delivered since.
  if (!existsSync(backup) || Math.random() < 0.7) await takeBackup(stage, backup);
  load.slowDown(betweenMs);
  counts.fileFaults[fault.name] = (counts.fileFaults[fault.name] ?? 0) + 1;
  await plays[fault.beside](stage, place, fault, backup);
  load.resume();
  faultTimes.push({ name: fault.name, startAt, endAt: Date.now() });
}

/** Its clients go on, or wait, so that nothing but the look once a second notices. */
async function befallAlone(stage: Stage, _place: number, fault: FileFault, backup: string): Promise<void> {
  const { load } = stage;
  if (Math.random() < 0.6) stage.crm.kill('SIGSTOP');
  await pause(Math.random() * 300);
  if (Math.random() < 0.5) await load.quieten();
  const { noticed } = await befallFiles(stage, fault.name, () => fault.befall(stage, backup));
  await noticed;
  await goOnUntilKilled(stage);
}

/**
 * Two apps with different files for up to a second, each of which serves bookings of its own: there is no order between what
 * the one and the other accepts meanwhile. The CRM stands still, so that both have something to lose.
 */
async function befallWithSuccessor(stage: Stage, place: number, fault: FileFault, backup: string): Promise<void> {
  const { load, apps, counts, crm } = stage;
  const old = apps[place];
  const mayStart = join(stage.directory, 'may-start');
  rmSync(mayStart, { force: true });
  const starting = stage.startApp({ WAIT_FOR: mayStart });
  crm.kill('SIGSTOP');
  // Meanwhile the other loads its modules.
  await Promise.all([pause(600), old === undefined ? undefined : load.burst(old, 60, 1)]);
  await load.quieten();
  const { noticed } = await befallFiles(stage, fault.name, () => fault.befall(stage, backup));
  writeFileSync(mayStart, '');

  const successor = await starting;
  // Fewer than the first has accepted since the backup, so that what each has does not simply lie behind the other's.
  await load.burst(successor, 15, 2);
  await noticed;
  if (Math.random() < 0.5) {
    crm.kill('SIGCONT');
    await goOnUntilKilled(stage);
  }
  await takePlace(stage, place, successor, old);
  counts.kills += 1;
  crm.kill('SIGCONT');
}

/**
 * Both have accepted bookings of their own since the copy, in the same places of their files; the twin fewer, so that what
 * each has does not simply lie behind the other's.
 */
async function befallWithTwin(stage: Stage, place: number, fault: FileFault): Promise<void> {
  const { load, apps, counts, crm } = stage;
  const twinOutbox = join(stage.directory, 'twin');
  crm.kill('SIGSTOP');
  await takeBackup(stage, twinOutbox);
  const twin = await stage.startApp({ OUTBOX: twinOutbox });
  await load.burst(twin, 15, 2);
  twin.kill('SIGKILL');
  await twin.ended;
  counts.kills += 1;

  const app = apps[place];
  if (app !== undefined) await load.burst(app, 60, 1);
  await load.quieten();
  const { noticed } = await befallFiles(stage, fault.name, () => fault.befall(stage, twinOutbox));
  await noticed;
  if (Math.random() < 0.5) crm.kill('SIGCONT');
  await goOnUntilKilled(stage);
}

/** Half of the time it is killed as soon as it has noticed. */
async function goOnUntilKilled({ load }: Stage): Promise<void> {
  if (Math.random() < 0.5) return;
  load.resume();
  load.slowDown(betweenMs);
  await pause(Math.random() * lifeAfterMs);
}

async function takePlace({ apps }: Stage, place: number, successor: Program, old?: Program): Promise<void> {
  apps[place] = successor;
  old?.kill('SIGKILL');
  await old?.ended;
}
