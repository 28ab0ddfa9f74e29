import { setTimeout as pause } from 'node:timers/promises';
import autocannon from 'autocannon';
import { Pool } from 'undici';

/** What clients saw. Latencies are in milliseconds. */
export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Puts a load on the app at a port for so many seconds. */
export type Load = (port: number, seconds: number) => Promise<LoadResult>;

const body = '{"userId":123,"sessionId":789}';
const headers = { 'content-type': 'application/json' };

/** As many requests as the app answers, one at a time over each connection. */
export async function saturate(port: number, seconds: number, connections = 64): Promise<LoadResult> {
  const latencies: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const target = { url: `http://127.0.0.1:${port}/bookings`, method: 'POST', headers, body } as const;
    const run = autocannon({ ...target, connections, duration: seconds }, (error, outcome) => {
      if (error === null || error === undefined) resolve(outcome);
      else reject(new Error('autocannon failed', { cause: error }));
    });
    run.on('response', (_client, _status, _bytes, latencyMs) => {
      latencies.push(latencyMs);
    });
  });
  const failures = result.errors + result.non2xx;
  return { requests: result['2xx'], failures, seconds: result.duration, ...percentiles(latencies) };
}

/**
 * A steady number of requests a second, each sent when it is due and measured from then, so that an app which stalls is
 * seen to stall by every request that was due meanwhile.
 */
export async function keepRate(port: number, perSecond: number, seconds: number): Promise<LoadResult> {
  // The layer below undici's own request, so that little of the machine goes to asking.
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64 });
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  let failures = 0;
  const total = Math.round(perSecond * seconds);
  const startedAtMs = performance.now();

  const send = (dueAtMs: number): Promise<void> =>
    new Promise((resolve) => {
      let status = 0;
      pool.dispatch(
        { path: '/bookings', method: 'POST', headers, body },
        {
          onRequestStart: ignore,
          onResponseStart(_controller, code) {
            status = code;
          },
          onResponseData: ignore,
          onResponseEnd() {
            if (status !== 201) failures += 1;
            latencies.push(performance.now() - dueAtMs);
            resolve();
          },
          onResponseError() {
            failures += 1;
            resolve();
          },
        },
      );
    });

  for (let sent = 0; sent < total;) {
    const dueCount = Math.min(total, Math.floor(((performance.now() - startedAtMs) / 1000) * perSecond) + 1);
    for (; sent < dueCount; sent += 1) pending.push(send(startedAtMs + (sent * 1000) / perSecond));
    // Not turn by turn, which would take a whole core from the app.
    await pause(1);
  }
  await Promise.all(pending);
  const elapsed = (performance.now() - startedAtMs) / 1000;
  await pool.destroy();
  return { requests: latencies.length, failures, seconds: elapsed, ...percentiles(latencies) };
}

function ignore(): void {
  // Of no interest.
}

/** Of some latencies. */
export function percentiles(latencies: readonly number[]): { readonly p50Ms: number; readonly p99Ms: number } {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
