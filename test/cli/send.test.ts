import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPostgresTables } from '../helpers/postgres-tables.js';
import { reply } from '../helpers/scripted-crm.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { cliToken, objectsIn, useCli } from './cli-program.js';
import { runInProcess, type InProcessOptions } from './in-process.js';

jest.setTimeout(30_000);

const booking = ['booking', '--booking-id', '456', '--user-id', '123', '--session-id', '789', '--action', 'created'];
const event = ['event', '--event-id', '101', '--user-id', '1', '--action', 'updated'];
const notification = ['notification', '--type', 'user_registered', '--user-id', '123', '--message', 'New user'];

describe('crm-notifier send', () => {
  const startCli = useCli();
  const start = useCrm();
  const directory = useTempDirectory();

  const send = (baseUrl: string, args: readonly string[], options: InProcessOptions = {}) =>
    runInProcess(['send', ...args], { ...options, env: { CRM_BASE_URL: baseUrl, ...options.env } });

  it.each<[readonly string[], object]>([
    [
      [...booking, '--data', '{"session_name":"Yoga"}'],
      {
        notification_type: 'booking_created',
        user_id: 123,
        message: 'Booking 456 created',
        additional_data: { booking_id: 456, session_id: 789, action: 'created', session_name: 'Yoga' },
      },
    ],
    [event, { notification_type: 'event_updated', user_id: 1, additional_data: { event_id: 101, action: 'updated' } }],
    [notification, { notification_type: 'user_registered', user_id: 123, message: 'New user' }],
    [[...notification, '--ids-as-text'], { user_id: '123' }],
    [[...event.slice(0, 2), '007', ...event.slice(3)], { additional_data: { event_id: '007', action: 'updated' } }],
    [
      [
        ...booking,
        ...['--user', '{"id":123,"name":"Ada","email":"ada@example.com"}', '--facilitator-id', 'f-1'],
        ...['--event', '{"id":101,"title":"Yoga","start_date":"2026-11-24T18:00:00Z"}'],
      ],
      { booking_id: 456, user: { id: 123, name: 'Ada' }, event: { id: 101, title: 'Yoga' }, facilitator_id: 'f-1' },
    ],
  ])('sends %j', async (args, expected) => {
    const crm = await start();
    const end = await send(crm.url, [...args, '--json']);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(objectsIn({ ...end, signal: null })).toEqual([{ sent: true, reply: { status: 'success' } }]);
    expect(crm.received).toMatchObject([{ url: '/notify', json: expected }]);
  });

  it('reads data from a file and from standard input', async () => {
    const crm = await start();
    const file = join(directory(), 'data.json');
    writeFileSync(file, '{"from":"file"}');
    expect((await send(crm.url, [...notification, '--data', `@${file}`])).code).toBe(0);
    expect((await send(crm.url, [...notification, '--data', '-'], { input: '{"from":"stdin"}' })).code).toBe(0);
    expect(crm.received.map(({ json }) => json?.['additional_data'])).toEqual([{ from: 'file' }, { from: 'stdin' }]);
    expect((await send(crm.url, [...notification, '--data', '@none'])).stderr).toContain(
      'none cannot be read (ENOENT)',
    );
  });

  it.each([
    [401, 'ERR_CRM_HTTP'],
    [503, 'ERR_CRM_HTTP'],
    [200, 'ERR_CRM_INVALID_RESPONSE'],
  ])('explains a response %i, once', async (status, code) => {
    const crm = await start(reply(status, `<b>New user</b> ${cliToken}`));
    const end = await send(crm.url, [...notification, '--json']);
    expect(end.code).toBe(1);
    expect(objectsIn({ ...end, signal: null })).toMatchObject([{ error: { code } }]);
    expect(end.stderr.match(/^error: /gm)).toHaveLength(1);
    expect(end.stderr.includes('--outbox DIR')).toBe(status === 503);
    expect(end.stderr.includes('do not send it again')).toBe(status === 200);
    expect(end.stdout + end.stderr).not.toContain(cliToken);
    expect(end.stderr).not.toContain('New user');
  });

  it('ends at once with exit code 130 when interrupted', async () => {
    const crm = await start(() => undefined);
    const cli = startCli(['send', ...notification], { env: { CRM_BASE_URL: crm.url } });
    await crm.waitFor(1);
    cli.kill('SIGINT');
    expect(await cli.ended).toMatchObject({ code: 130, signal: null, stdout: '' });
  });

  const sendBy = (place: string, baseUrl: string, ...args: string[]) =>
    startCli(['send', ...notification, '--json', '--outbox', place, ...args], { env: { CRM_BASE_URL: baseUrl } });
  const expectKeptThroughOutage = async (place: string): Promise<void> => {
    const crm = await start();
    await crm.close();
    const end = await sendBy(place, crm.url, '--wait-ms', '0').ended;
    expect(end.code).toBe(0);
    const [first] = objectsIn(end);
    expect(first).toMatchObject({ accepted: true, state: 'pending' });
    const back = await start(undefined, crm.port);
    const [second] = objectsIn(await sendBy(place, crm.url).ended);
    expect(second).toMatchObject({ accepted: true, state: 'delivered' });
    expect(back.received.map(({ json }) => json?.['notification_id'])).toEqual([first?.['id'], second?.['id']]);
  };

  describe('--outbox', () => {
    const outbox = (): string => join(directory(), 'outbox');
    const sendByOutbox = (baseUrl: string, ...args: string[]) => sendBy(outbox(), baseUrl, ...args);

    it('delivers what it accepted', async () => {
      const crm = await start();
      const end = await sendByOutbox(crm.url).ended;
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const [id] = crm.received.map(({ json }) => json?.['notification_id']);
      expect(objectsIn(end)).toEqual([{ accepted: true, id, state: 'delivered' }]);
      expect(readdirSync(outbox()).filter((name) => name.endsWith('-wal'))).toEqual([]);
    });

    it('keeps it through an outage; a later command delivers both in order', () => expectKeptThroughOutage(outbox()));

    it('reports that the CRM rejected it', async () => {
      const crm = await start(reply(422, '{"error":"no such user"}'));
      const end = await sendByOutbox(crm.url).ended;
      expect(end.code).toBe(1);
      expect(objectsIn(end)).toMatchObject([{ accepted: true, state: 'dead' }]);
    });

    it('keeps what it accepted when interrupted (case 63)', async () => {
      const crm = await start(() => undefined);
      const cli = sendByOutbox(crm.url, '--wait-ms', '60000');
      await crm.waitFor(1);
      cli.kill('SIGINT');
      const end = await cli.ended;
      expect(end).toMatchObject({ code: 130, signal: null });
      expect(end.stderr).toContain(`it stays in ${outbox()}`);
      const left = await openOutboxIn(outbox());
      expect(left.counts()).toMatchObject({ pending: 1 });
      left.close();
    });
  });

  describeOnPostgres('--outbox postgres://…', () => {
    const createDatabase = usePostgres();

    it('keeps it through an outage; a later command delivers both in order', async () => {
      const url = await createDatabase();
      await (await openPostgresTables(url)).close();
      await expectKeptThroughOutage(url);
    });
  });
});
