import express from 'express';
import request from 'supertest';
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
