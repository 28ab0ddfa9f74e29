import { usePrograms } from '../../helpers/child-program.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('an outbox that a process has open', () => {
  const start = usePrograms();
  const directory = useTempDirectory();

  it('is refused to another process, and free as soon as it is closed', async () => {
    const outbox = await openOutboxIn(directory());
    const refused = start('open-outbox', { args: [directory()] });
    expect(await refused.line('refused')).toMatch(
      /outbox \(CRM_OUTBOX\).*in use by another process.*directory of its own/,
    );
    expect(await refused.ended).toMatchObject({ code: 0 });
    outbox.close();
    await start('open-outbox', { args: [directory()] }).line('open');
  });

  it('is free as soon as the process is dead', async () => {
    const holder = start('open-outbox', { args: [directory()] });
    await holder.line('open');
    await expect(openOutboxIn(directory())).rejects.toThrow('in use by another process');
    holder.kill('SIGKILL');
    await holder.ended;
    (await openOutboxIn(directory())).close();
  });
});
