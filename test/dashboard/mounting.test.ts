import request from 'supertest';
import { crmDashboard } from '../../src/dashboard/index.js';
import { CRMConfigError } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { signedIn, testDashboard, useDashboard } from './use-dashboard.js';

const paths = [
  '/crm',
  '/crm/',
  '/crm/dashboard.js',
  '/crm/dashboard.css',
  '/crm/icon.svg',
  '/crm/api/overview',
  '/crm/no',
];

describe.each(expressVersions)('who may see the dashboard, on $version (case 54)', ({ express }) => {
  const dashboardOf = useDashboard();

  it('responds 401 to everybody else, always the same', async () => {
    const { app } = dashboardOf({}, {}, express);
    const responses = [];
    for (const path of paths) {
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic Og==' }]) {
        const { status, text, headers: got } = await request(app).get(path).set(headers);
        const { date: _date, ...others } = got as Record<string, string>;
        responses.push(JSON.stringify({ status, text, others }));
      }
    }
    expect(new Set(responses).size).toBe(1);
    expect(responses[0]).toContain('"status":401');
    await request(app).post('/crm/api/dead-letters/redeliver-all').expect(401);
    // A browser shows it to a person.
    const pages = await Promise.all(
      paths.map((path) =>
        request(app).get(path).set('accept', 'text/html,application/xhtml+xml,*/*;q=0.8').expect(401),
      ),
    );
    expect(new Set(pages.map(({ text }) => text)).size).toBe(1);
    expect(pages[0]?.text).toContain('Sign in to your app');
    expect(pages[0]?.headers['content-type']).toContain('text/html');
    await request(app).get('/crm/').set(signedIn).expect(200);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret of the session store');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret of the session store'))],
    ['returns something that is not true', () => 'yes' as unknown as boolean],
    ['returns undefined', () => undefined as unknown as boolean],
  ])('responds the same if authorize %s, and logs it without the error’s text', async (_what, authorize) => {
    const log = createLogCollector();
    const { app } = dashboardOf({}, { authorize, logger: log }, express);
    const refused = await request(app).get('/crm/').expect(401);
    const { app: other } = dashboardOf({}, {}, express);
    expect(refused.text).toBe((await request(other).get('/crm/')).text);
    expect(refused.text + log.text()).not.toContain('secret');
  });

  it('makes a browser ask for a password if wwwAuthenticate is set', async () => {
    const { app } = dashboardOf({}, { wwwAuthenticate: 'Basic realm="CRM"' }, express);
    const { headers } = await request(app).get('/crm/').expect(401);
    expect(headers['www-authenticate']).toBe('Basic realm="CRM"');
  });

  it('is found with and without a trailing slash, in a router too', async () => {
    const { notifier, app } = dashboardOf({}, {}, express);
    const router = express.Router();
    router.use('/ops/crm', testDashboard(notifier));
    app.use('/admin', router);
    for (const [path, location] of [
      ['/crm', './crm/'],
      ['/crm?from=mail', './crm/'],
      ['/admin/ops/crm', './crm/'],
    ]) {
      const { headers } = await request(app).get(path!).set(signedIn).expect(308);
      expect(headers['location']).toBe(location);
    }
    for (const path of ['/crm/', '/crm/?a=1', '/admin/ops/crm/']) {
      const { text } = await request(app).get(path).set(signedIn).expect(200).expect('content-type', /html/);
      expect(text).toContain('<h1>CRM notifier</h1>');
    }
    await request(app).get('/admin/ops/crm/api/overview').set(signedIn).expect(200);
  });

  it('can be mounted at the root of an app', async () => {
    const { notifier } = dashboardOf({}, {}, express);
    const app = express();
    app.use(testDashboard(notifier));
    await request(app).get('/').set(signedIn).expect(200);
    await request(app).get('/api/overview').set(signedIn).expect(200);
  });

  it('responds 404 to unknown paths and 405 to wrong methods', async () => {
    const { app } = dashboardOf({}, {}, express);
    await request(app).get('/crm/index.html').set(signedIn).expect(404);
    await request(app).get('/crm/..%2f..%2fpackage.json').set(signedIn).expect(404);
    await request(app).post('/crm/').set(signedIn).expect(405).expect('allow', 'GET, HEAD');
    await request(app).options('/crm/api/overview').set(signedIn).expect(405);
    const head = await request(app).head('/crm/').set(signedIn).expect(200);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1_000);
    expect(head.text).toBeUndefined();
  });

  it('leaves alone a response that has already been sent', async () => {
    const { notifier } = dashboardOf({}, {}, express);
    const app = express();
    app.use((_req, res, next) => {
      res.end('early');
      next();
    });
    app.use('/crm', testDashboard(notifier, { authorize: () => true }));
    await request(app).get('/crm/').expect(200, 'early');
  });
});

describe('mounting without authorize (case 54)', () => {
  const makeNotifier = useNotifiers();
  const environment = process.env['NODE_ENV'];
  afterEach(() => {
    process.env['NODE_ENV'] = environment;
  });

  it.each(['production', 'test', 'staging', ''])('throws with NODE_ENV=%s, and names the fix', (name) => {
    process.env['NODE_ENV'] = name;
    expect(() => crmDashboard(makeNotifier({}).notifier)).toThrow(CRMConfigError);
    expect(() => testDashboard(makeNotifier({}).notifier, { authorize: undefined })).toThrow(
      /authorize: is missing.*crmDashboard\(crm, \{ authorize/s,
    );
  });

  it('is possible in development', () => {
    process.env['NODE_ENV'] = 'development';
    expect(() => testDashboard(makeNotifier({}).notifier, { authorize: undefined })).not.toThrow();
  });
});

describe('options that cannot work', () => {
  const makeNotifier = useNotifiers();

  it('are all named at once', () => {
    const options = { authorize: 'yes', oldBacklogMs: -1, wwwAuthenticate: 'a\nb', autorise: true } as never;
    const thrown = thrownBy(() => testDashboard(makeNotifier({}).notifier, options));
    expect(thrown).toBeInstanceOf(CRMConfigError);
    expect((thrown as CRMConfigError).issues.map(({ path }) => path)).toEqual([
      'autorise',
      'authorize',
      'wwwAuthenticate',
      'oldBacklogMs',
    ]);
  });

  it('are not confused with missing files of the page', () => {
    const options = { authorize: () => true, assetsDirectory: '/nowhere' };
    expect(() => crmDashboard(makeNotifier({}).notifier, options)).toThrow(/keep express-crm-notifier out/);
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
