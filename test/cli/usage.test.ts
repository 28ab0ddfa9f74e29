import { join } from 'node:path';
import { prepareOutbox } from '../helpers/prepared-outbox.js';
import { snapshotOf } from '../helpers/directory-snapshot.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { runInProcess } from './in-process.js';

const commands = [
  ['check'],
  ['send', 'booking'],
  ['send', 'event'],
  ['send', 'notification'],
  ['outbox', 'stats'],
  ['outbox', 'list'],
  ['outbox', 'show'],
  ['outbox', 'redeliver'],
  ['outbox', 'discard'],
  ['outbox', 'export'],
  ['deliver'],
  ['migrate'],
  ['crm'],
];

describe('the command line', () => {
  const directory = useTempDirectory();

  it.each(commands)('%s %s --help shows examples', async (...command) => {
    const end = await runInProcess([...command.filter(Boolean), '--help']);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.stdout).toContain(`Usage: crm-notifier ${command.filter(Boolean).join(' ')}`);
    expect(end.stdout).toContain('Examples:\n  $ ');
    expect(end.stdout).not.toMatch(/--(auth-)?token\b(?!-)/);
  });

  it('prints its version', async () => {
    expect(await runInProcess(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  describe('case 60: wrong usage', () => {
    it.each([
      ['check', '--token', 'secret-of-mine'],
      ['check', '--auth-token=secret-of-mine', '--json'],
      ['--token', 'secret-of-mine', 'check'],
      ['outbox', 'stats', '--auth-token', 'secret-of-mine'],
      ['deliver', '--token=secret-of-mine'],
    ])('refuses a token as an argument, without repeating it: %s %s', async (...args) => {
      const end = await runInProcess(args);
      expect(end).toMatchObject({ code: 2, stdout: '' });
      expect(end.stderr).toContain('every user of this machine can see the arguments');
      expect(end.stderr).toContain('CRM_AUTH_TOKEN');
      expect(end.stderr).toContain('--token-file FILE');
      expect(end.stderr).toContain('Usage: crm-notifier');
      expect(end.stderr).not.toContain('secret-of-mine');
    });

    it.each([
      [[], 'Usage: crm-notifier [options] [command]'],
      [['outbox'], 'Usage: crm-notifier outbox'],
      [['frobnicate'], "unknown command 'frobnicate'"],
      [['outbox', 'frobnicate'], "unknown command 'frobnicate'"],
      [['check', '--frobnicate'], "unknown option '--frobnicate'"],
      [['check', 'more'], 'too many arguments'],
      [['check', '--base-url'], "'--base-url <url>' argument missing"],
      [['check', '--base-url', 'ftp://crm'], 'must start with http:// or https://'],
      [['check', '--timeout-ms', '0'], 'Give a whole number from 1'],
      [['check', '--timeout-ms', '1e3'], 'Give a whole number from 1'],
      [['send', 'event', '--event-id', '1', '--user-id', '1'], "'--action <word>' not specified"],
      [['send', 'event', '--event-id', '0', '--user-id', '1', '--action', 'updated'], 'eventId'],
      [
        ['send', 'event', '--event-id', '1', '--user-id', '1', '--action', 'x', '--data', '[1]'],
        '--data must be a JSON',
      ],
      [['send', 'event', '--event-id', '1', '--user-id', '1', '--action', 'x', '--data', '{'], '--data must be a JSON'],
      [['send', 'event', '--event-id', '1', '--user-id', '1', '--action', 'x', '--lane', 'a'], '--lane needs --outbox'],
      [['outbox', 'show'], "missing required argument 'id'"],
      [['outbox', 'stats', '--outbox', ':memory:'], 'in memory'],
      [['outbox', 'stats', '--outbox', ''], 'must be the path of a directory'],
      [['crm', '--port', '70000'], 'Give a whole number from 0 to 65535'],
      [['crm', '--fault', 'tired'], 'Allowed choices are'],
    ])('%j is wrong usage', async (args, message) => {
      const end = await runInProcess(args);
      expect(end).toMatchObject({ code: 2, stdout: '' });
      expect(end.stderr).toContain(message);
      expect(end.stderr).toContain('Usage: crm-notifier');
      expect(end.stderr).not.toMatch(/^ {4}at /m);
    });
  });

  describe('case 61: dangerous commands', () => {
    it.each([
      [['redeliver', '--all'], '--yes'],
      [['discard', '--all'], '--yes'],
      [['discard', '--all', '--search', 'no'], '--yes'],
      [['redeliver'], 'give the ids of dead letters, or --all'],
      [['redeliver', 'all'], 'Give the id of a notification'],
      [['discard', 'all'], 'Give the id of a notification'],
      [['redeliver', '../../x'], 'Give the id of a notification'],
      [['show', '../../x'], 'Give the id of a notification'],
      [['show', "' OR 1=1 --"], 'Give the id of a notification'],
      [['redeliver', '--id', '../../x'], "unknown option '--id'"],
      [['redeliver', '--all', '--yes', '01a20bb3-6f81-71fc-be53-33f9f0e71da1'], 'give ids or --all, not both'],
      [['discard', '--search', 'x', '01a20bb3-6f81-71fc-be53-33f9f0e71da1'], '--search needs --all'],
      [['list', '--limit', '0'], 'Give a whole number from 1'],
      [['list', '--limit', '-1'], 'Give a whole number from 1'],
      [['list', '--limit', 'ten'], 'Give a whole number from 1'],
    ])('refuses outbox %j and changes nothing', async (args, message) => {
      const { directory: outbox } = await prepareOutbox(join(directory(), 'outbox'), { count: 3, deadCount: 2 });
      const before = snapshotOf(outbox);
      const end = await runInProcess(['outbox', ...args], { env: { CRM_OUTBOX: outbox } });
      expect(end).toMatchObject({ code: 2, stdout: '' });
      expect(end.stderr).toContain(message);
      expect(snapshotOf(outbox)).toEqual(before);
    });
  });
});
