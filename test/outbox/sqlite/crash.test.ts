import { usePrograms } from '../../helpers/child-program.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('a process that is killed (case 64)', () => {
  const start = usePrograms();
  const directory = useTempDirectory();

  it.each(['full', 'normal'])('has lost nothing that was acknowledged, with sync %s', async (sync) => {
    const program = start('append-until-killed', { args: [directory(), sync] });
    await program.line('enough');
    program.kill('SIGKILL');
    expect((await program.ended).signal).toBe('SIGKILL');

    const acknowledged = program.lines.filter((line) => line !== 'enough').flatMap((line) => line.split(' '));
    const outbox = await openOutboxIn(directory());
    const kept = outbox.readAfter('crm', 0, 1_000_000);
    outbox.close();
    // All of them, in their order; one more batch may have been committed before the kill and printed never.
    expect(kept.slice(0, acknowledged.length).map(({ id }) => id)).toEqual(acknowledged);
    expect(kept.length - acknowledged.length).toBeLessThanOrEqual(5);
    expect(kept.map(({ position }) => position)).toEqual(kept.map((_, index) => index + 1));
  });
});
