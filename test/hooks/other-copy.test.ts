import type { RequestHandler } from 'express';
import { afterResponse } from '../../src/index.js';
import { version } from '../../src/core/version.js';
import { expressVersions } from '../helpers/express-versions.js';
import { withoutTimes } from '../helpers/held-route.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { notificationIn } from '../helpers/observed-notifier.js';
import { loadPackageCopy } from '../helpers/package-copy.js';
import { exchangeBytes, requestText, useServer } from '../helpers/served.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { waysToRespond } from '../helpers/ways-to-respond.js';
import type * as Package from '../../src/index.js';

const get = requestText('GET', '/');
const mapper = () => ({ userId: 1, message: 'Seen' });

describe.each(expressVersions)('a hook and a notifier of two copies of the package, on $version', ({ express }) => {
  const directory = useTempDirectory();
  const startCrm = useCrm();
  const serve = useServer();

  const notifierOf = (copy: typeof Package, baseUrl: string) =>
    copy.createNotifier({
      baseUrl,
      authToken: 'token',
      outbox: ':memory:',
      thread: false,
      logger: createLogCollector(),
      env: {},
    });

  it('work together when both share the same: one notification', async () => {
    const crm = await startCrm();
    const copy = loadPackageCopy(directory());
    const notifier = notifierOf(copy, crm.url);
    const app = express();
    app.use(notifier.middleware());
    app.get('/', afterResponse('seen', mapper) as RequestHandler, (_req, res) => void res.json({ id: 1 }));

    expect(await exchangeBytes(await serve(app), get)).toContain('{"id":1}');

    await notifier.close();
    expect(copy.afterResponse).not.toBe(afterResponse);
    expect(crm.received.map(({ json }) => json?.['notification_type'])).toEqual(['seen']);
  });

  it.each(waysToRespond)(
    'of other versions: the response is untouched, and one ERROR names both (%s)',
    async (_name, handler) => {
      const crm = await startCrm();
      const notifier = notifierOf(loadPackageCopy(directory(), '99'), crm.url);
      const log = createLogCollector();
      const app = express();
      app.use(notifier.middleware(), (req, _res, next) => {
        Object.assign(req, { log });
        next();
      });
      app.get('/', afterResponse('seen', mapper) as RequestHandler, handler);
      app.get('/other', afterResponse('other', mapper) as RequestHandler, handler);
      const plain = express();
      plain.get('/', handler);
      const served = await serve(app);
      const expected = withoutTimes(await exchangeBytes(await serve(plain), get));

      for (const path of ['/', '/', '/other']) {
        expect(withoutTimes(await exchangeBytes(served, requestText('GET', path)))).toBe(expected);
      }

      expect(log.lines).toEqual([
        {
          level: 'error',
          fields: { type: 'seen' },
          message:
            `afterResponse('seen') cannot notify the CRM: the hook is from express-crm-notifier ${version} (hook contract 3), ` +
            `res.locals.crm from express-crm-notifier ${version} (hook contract 99). Install one version of the package; ` +
            '`npm ls express-crm-notifier` shows who brings which',
        },
      ]);
      // The notifier itself works: only hooks cannot use it.
      const receipt = await notifier.notify(notificationIn('a'));
      await notifier.close();
      expect(idsOf(crm.received)).toEqual([receipt.accepted && receipt.id]);
    },
  );
});
