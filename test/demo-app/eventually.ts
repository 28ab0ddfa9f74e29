import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
const TIMEOUT_MS = 60_000;

/** Polls until `read` returns a value, and returns that. Throws after 60 seconds, with what was waited for. */
export async function eventually<Value>(
  waitedFor: string,
  read: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`Not within ${TIMEOUT_MS} ms: ${waitedFor}`);
    await delay(POLL_MS);
  }
}
