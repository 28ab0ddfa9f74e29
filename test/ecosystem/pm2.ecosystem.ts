import { createProject, report } from './project.js';

interface Traffic {
  /** Bookings that a client saw succeed. */
  readonly count: number;
  /** Requests that failed, because no app listened. */
  readonly failedCount: number;
  /** Bookings that a client saw succeed and of which the CRM was not told. */
  readonly lost: readonly number[];
  readonly duplicateCount: number;
}

describe.each(['6', '7'])('PM2 %s', (version) => {
  it.each(['cluster', 'fork'])('reloads the app under traffic in %s mode, and nothing is lost', async (mode) => {
    const project = await createProject(`pm2 ${version} ${mode}`, ['express@5', `pm2@${version}`]);
    const { stdout } = await project.run(process.execPath, ['pm2-reload.cjs', mode]);
    const line = stdout.split('\n').find((text) => text.startsWith('{"result"')) ?? '';
    const { result } = JSON.parse(line) as { result: Traffic };
    const { count, failedCount, lost, duplicateCount } = result;
    report(
      `pm2 ${version} ${mode}: ${count} bookings, ${failedCount} requests failed, ${duplicateCount} arrived twice`,
    );

    expect(lost).toEqual([]);
    expect(count).toBeGreaterThan(10);
    // A cluster always has an app that listens.
    if (mode === 'cluster') expect(failedCount).toBe(0);
  });
});
