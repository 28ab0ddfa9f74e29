import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
const TIMEOUT_MS = 60_000;

/** Asks again and again until there is an answer; fails, with what was waited for, when the time is up. */
export async function eventually<Answer>(
  waitedFor: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
): Promise<Answer> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`Not within ${TIMEOUT_MS} ms: ${waitedFor}`);
    await delay(POLL_MS);
  }
}
