import type { Client } from 'pg';
import { usePrograms } from '../helpers/child-program.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { createDatabaseWithVisits } from './database-with-visits.js';
import { booking } from './use-receiver.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';

const token = 'test-token-0123456789';

describeOnPostgres('a receiver that is killed', () => {
  let reader: Client;
  afterEach(() => reader.end());
  const startNotifier = useNotifiers();
  const startProgram = usePrograms();
  const createDatabase = usePostgres();
  let url = '';
  beforeEach(async () => {
    ({ url, reader } = await createDatabaseWithVisits(createDatabase));
  });
  const startReceiver = async (stop: string, port = '0') => {
    const program = startProgram('receiving-crm', { args: [url, port, stop] });
    const line = await program.line('listening');
    return { program, port: line.replace('listening ', '') };
  };
  const post = async (port: string, body: object) => {
    const response = await fetch(`http://127.0.0.1:${port}/notify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const visits = async () => (await reader.query<{ notification_id: string }>('SELECT * FROM visits')).rows;

  it.each([
    ['in the middle of a handler', 'in-handler', 0, false],
    ['between its commit and its response', 'after-commit', 1, true],
  ])('%s has done the work once when the notification has come again', async (_when, stop, visitCount, duplicate) => {
    const sent = booking();
    const { program, port } = await startReceiver(stop);
    const lost = expect(post(port, sent)).rejects.toThrow();
    await program.line(`stopped ${stop}`);
    program.kill('SIGKILL');
    await lost;
    expect((await program.ended).signal).toBe('SIGKILL');
    expect(await visits()).toHaveLength(visitCount);

    const restarted = await startReceiver('nowhere', port);
    expect(await post(port, sent)).toMatchObject({ status: 200, body: { duplicate } });
    expect(await post(port, sent)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(await visits()).toMatchObject([{ notification_id: sent.notification_id }]);
    restarted.program.kill('SIGKILL');
  });

  it('again and again, while a notifier delivers to it, has done all of the work once', async () => {
    const { program: first, port } = await startReceiver('in-handler');
    let program = first;
    const notifier = startNotifier({
      baseUrl: `http://127.0.0.1:${port}`,
      authToken: token,
      outbox: ':memory:',
      retry: { firstDelayMs: 5, maxDelayMs: 50 },
      breaker: { firstDelayMs: 20, maxDelayMs: 100 },
      env: {},
    });
    const ids = await notifier.accept(...Array.from({ length: 100 }, (_, index) => `lane-${String(index)}`));
    for (const stop of ['after-commit', 'in-handler', 'after-commit', 'nowhere']) {
      await program.line('stopped');
      program.kill('SIGKILL');
      await program.ended;
      ({ program } = await startReceiver(stop, port));
    }
    await notifier.hear('delivered', ids.length);
    const found = (await visits()).map(({ notification_id }) => notification_id);
    expect(found.sort()).toEqual([...ids].sort());
  }, 60_000);
});
