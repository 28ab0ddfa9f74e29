import { resolve } from 'node:path';
import { createNotifier, type NotifierOptions } from '../../src/index.js';
import { createLogCollector, type LogLine } from '../helpers/log-collector.js';
import { useTempDirectory } from '../helpers/temp-directory.js';

describe('F13: the first log line of a notifier', () => {
  const directory = useTempDirectory();

  async function firstLine(options: NotifierOptions): Promise<LogLine | undefined> {
    const logger = createLogCollector();
    const given = { authToken: 'a-token', baseUrl: 'http://localhost:9/crm', env: {}, logger, thread: false };
    await using crm = createNotifier({ ...given, ...options });
    await crm.ready();
    return logger.lines[0];
  }

  it('says where the outbox is, who the CRM is and what holds', async () => {
    const outbox = directory();
    expect(await firstLine({ outbox })).toEqual({
      level: 'info',
      fields: { outbox: resolve(outbox), url: 'http://localhost:9/crm/notify', guarantee: 'before-response' },
      message: `CRM outbox ${resolve(outbox)}; posts to http://localhost:9/crm/notify; a notification is saved before its response goes out`,
    });
  });

  it.each<[NotifierOptions, RegExp]>([
    [{ guarantee: 'after-response' }, /; a notification is saved as its response goes out$/],
    [{ outbox: ':memory:' }, /^CRM outbox in memory; .*; what is not delivered ends with the process$/],
    [
      { env: { NODE_ENV: 'test' }, outbox: undefined },
      /^CRM outbox in memory, because this is a test run that names none; /,
    ],
  ])('with %j', async (options, message) => {
    expect((await firstLine({ outbox: directory(), ...options }))?.message).toMatch(message);
  });
});
