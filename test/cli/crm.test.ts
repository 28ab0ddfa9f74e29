import { cliToken, objectsIn, useCli, useCliRuns } from './cli-program.js';
import { useCrmCommand } from './use-crm-command.js';

jest.setTimeout(60_000);

describe('crm-notifier crm', () => {
  const startCli = useCli();
  const startCrm = useCrmCommand();
  const run = useCliRuns();

  const send = (url: string, timeoutMs = 5_000) =>
    run([
      ...['send', 'event', '--event-id', '101', '--user-id', '1', '--action', 'updated', '--data', '{"name":"Ada"}'],
      ...['--base-url', url, '--timeout-ms', String(timeoutMs)],
    ]);

  it('prints each notification it accepts, without personal data', async () => {
    const { crm, url } = await startCrm();
    expect((await send(url)).code).toBe(0);
    await crm.printed('event_updated');
    crm.kill('SIGTERM');
    const end = await crm.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(objectsIn(end)).toEqual([
      { listening: url, fault: 'ok' },
      { id: expect.any(String), type: 'event_updated', userId: 1, retryCount: 0 },
    ]);
    expect(end.stdout + end.stderr).not.toMatch(new RegExp(`${cliToken}|Ada`));
  });

  it('switches to the fault that is typed', async () => {
    const { crm, url } = await startCrm('--fault', '500');
    expect((await send(url)).stderr).toContain('CRM responded 500');
    for (const [word, complaint] of [
      ['down', 'ECONNREFUSED'],
      ['400', 'CRM responded 400'],
      ['401', 'CRM responded 401'],
      ['404', 'CRM responded 404'],
      ['422', 'CRM responded 422'],
      ['429', 'CRM responded 429'],
      ['reset', 'ECONNRESET'],
      ['hang', 'within 300 ms'],
      ['not-json', 'not JSON'],
    ] as const) {
      crm.type(word);
      await crm.printed(`{"fault":"${word}"}`);
      const end = await send(url, 300);
      expect(end.code).toBe(1);
      expect(end.stderr).toContain(complaint);
    }
    crm.type('tired');
    await crm.printed('Unknown fault: tired');
    crm.type('ok');
    await crm.printed('{"fault":"ok"}');
    expect((await send(url)).code).toBe(0);
    crm.kill('SIGINT');
    expect(await crm.ended).toMatchObject({ code: 0, signal: null });
  });

  it('keeps running when its input ends, and requires its token', async () => {
    const crm = startCli(['crm', '--port', '0', '--bodies'], { env: { CRM_AUTH_TOKEN: 'another' }, input: '' });
    await crm.printed('CRM listening at ');
    crm.kill('SIGTERM');
    const end = await crm.ended;
    expect(end.code).toBe(0);
    const { crm: guarded, url } = await startCrm();
    const refused = await run(['check', '--send-test', '--base-url', url], { env: { CRM_AUTH_TOKEN: 'another' } });
    expect(refused.stdout).toContain('refuses the token');
    guarded.kill('SIGTERM');
    await guarded.ended;
  });

  it('reports that its port is taken', async () => {
    const { crm, url } = await startCrm();
    const end = await run(['crm', '--port', new URL(url).port]);
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/^error: port \d+ is in use, .* --port/);
    crm.kill('SIGTERM');
    await crm.ended;
  });
});
