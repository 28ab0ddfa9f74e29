import express from 'express';
import request from 'supertest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { notificationIn, testToken, useNotifiers } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';

/** All that `console.log`, a debugger or a logger could show of a value. */
function shownOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  return [
    inspect(value),
    inspect(value, { depth: 9, showHidden: true }),
    inspect(value, { getters: true, depth: 9 }),
    json,
  ].join('\n');
}

describe('the token (case 14)', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  it.each<[what: string, authToken: () => string | (() => string)]>([
    ['a token', () => testToken],
    ['a provider', () => () => testToken],
  ])('is not to be seen in anything an app is handed, given as %s', async (_what, authToken) => {
    const crm = await start((received, res) => {
      reply(422, `not you: ${String(received.headers.authorization)} ${received.text}`)(received, res);
    });
    const observed = create({ baseUrl: crm.url, authToken: authToken(), outbox: directory(), sync: 'normal' });
    const { notifier } = observed;
    const app = express();
    app.use(notifier.middleware());
    let requestBound: unknown;
    app.get('/', (_req, res) => {
      requestBound = res.locals.crm;
      res.end();
    });
    await request(app).get('/').expect(200);
    await notifier.notify({ ...notificationIn('a'), message: 'Ada Lovelace moved' });
    await observed.hear('dead');
    const sendError: unknown = await notifier.service.sendNotification(notificationIn('a')).catch((e: unknown) => e);
    const rejection = await notifier.notify({ ...notificationIn(testToken), userId: -1 });
    await observed.close();
    const closed = await notifier.notify(notificationIn('a'));

    expect(crm.received.some(({ headers }) => headers.authorization === `Bearer ${testToken}`)).toBe(true);
    const handed = {
      notifier,
      service: notifier.service,
      requestBound,
      sendError,
      rejection,
      closed,
      dead: observed.told('dead'),
      lines: observed.log.lines,
      stats: await notifier.stats(),
    };
    for (const [what, value] of Object.entries(handed)) {
      expect([what, shownOf(value).includes(testToken)]).toEqual([what, false]);
      expect([what, shownOf(value).includes('Ada Lovelace')]).toEqual([what, false]);
    }
  });
});

describe('a secret in the path of the CRM’s URL, as in that of a webhook', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  const secret = 'Xq7LpA9zKd02';

  it('is not to be seen in anything that is shown or logged, though the CRM repeats it', async () => {
    let status = 422;
    const crm = await start((received, res) => {
      reply(status, `Cannot POST ${received.url}`)(received, res);
    });
    const baseUrl = `${crm.url}/services/T0/${secret}`;
    const observed = create({ baseUrl, outbox: directory(), sync: 'normal' });
    const { notifier } = observed;
    await observed.accept('a');
    const [dead] = await observed.hear('dead');
    expect(dead?.reason.detail).toBe('Cannot POST /services/T0/[redacted]/notify');
    status = 401;
    const [id = ''] = await observed.accept('a');
    await observed.hear('refused');
    const [shown] = await notifier.requests(id);
    expect(shown?.url).toBe(`${crm.url}/services/…/…/notify`);
    await crm.close();
    const sendError: unknown = await notifier.service.sendNotification(notificationIn('a')).catch((e: unknown) => e);
    expect(await notifier.service.testConnection()).toBe(false);
    const letters = await notifier.deadLetters.list();
    const processes = await notifier.processes();
    await observed.close();
    expect(crm.received[0]?.url).toContain(secret);
    expect(observed.log.lines.some(({ fields }) => fields['request'] !== undefined)).toBe(true);
    const handed = {
      ...{ shown, sendError, letters, processes, service: notifier.service, lines: observed.log.lines },
      told: [observed.told('dead'), observed.told('paused'), observed.told('refused')],
    };
    for (const [what, value] of Object.entries(handed)) {
      expect([what, inspect(value, { depth: 9 }).includes(secret)]).toEqual([what, false]);
      expect([what, JSON.stringify(value).includes(secret)]).toEqual([what, false]);
    }
    // What is remembered of it is no secret either.
    expect(readFileSync(join(directory(), 'outbox.db-url'), 'utf8')).toMatch(/\/services\/…\/…\/notify \S+$/);
  });
});
