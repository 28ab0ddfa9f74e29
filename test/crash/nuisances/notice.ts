import { setTimeout as pause } from 'node:timers/promises';
import { endOfErrors, readErrorLines } from '../error-lines.js';
import { measureLateness } from '../lateness.js';
import type { Program } from '../program.js';
import type { Stage } from '../stage.js';

/** What an app logs when it has noticed that something befell its files, and has mended them. */
const noticed = /it is in its place again|the file is whole again|it is merged with|the outbox file was damaged/;
/** What is not noticed within this time will not be. */
const giveUpMs = 30_000;

/**
 * Lets a fault befall the files that the apps have open; all of these have something in it to lose. `noticed` resolves when
 * each has logged that it has mended them. A kill before that may cost what was only in the files that are gone.
 */
export async function befallFiles(
  stage: Stage,
  name: string,
  fault: () => void | Promise<void>,
): Promise<{ readonly noticed: Promise<void> }> {
  const apps = stage.apps.filter((app) => app !== undefined);
  const from = endOfErrors(stage.errors);
  await fault();
  const befellAt = Date.now();
  const waits = apps.map((app) => waitForNotice(stage, app, { name, from, befellAt }));
  return { noticed: Promise.all(waits).then(() => undefined) };
}

interface Fault {
  readonly name: string;
  /** Where the ERRORs begin that were logged since. */
  readonly from: number;
  readonly befellAt: number;
}

async function waitForNotice(stage: Stage, app: Program, { name, from, befellAt }: Fault): Promise<void> {
  const lateness = measureLateness([app]);
  try {
    const notice = await within(giveUpMs, () =>
      readErrorLines(stage.errors, from).find(({ pid, message }) => pid === app.pid && noticed.test(message)),
    );
    if (notice === undefined) {
      stage.unnoticed.push(name);
      return;
    }
    stage.notices.push({ name, tookMs: Math.max(0, notice.at - befellAt), lateMs: lateness.lateMs() });
  } finally {
    lateness.stop();
  }
}

/** Asks until there is an answer; undefined when there was none within this time. */
async function within<Answer>(ms: number, ask: () => Answer | undefined): Promise<Answer | undefined> {
  const sinceMs = performance.now();
  for (;;) {
    const answer = ask();
    if (answer !== undefined || performance.now() - sinceMs > ms) return answer;
    await pause(20);
  }
}
