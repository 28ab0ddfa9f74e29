import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import type { NamedTarget } from '../../src/config/resolve-targets.js';
import { CRMConfigError, type Issue } from '../../src/index.js';
import { createLogCollector } from '../helpers/log-collector.js';

const logger = createLogCollector();
const resolve = (options: object) => resolveNotifierConfig({ env: {}, logger, outbox: ':memory:', ...options });
const targetsOf = (options: object): readonly NamedTarget[] => resolve(options).targets;

function issuesOf(options: object): readonly Issue[] {
  try {
    resolve(options);
  } catch (error) {
    if (error instanceof CRMConfigError) return error.issues;
  }
  throw new Error('was not refused');
}

const sales = { baseUrl: 'https://sales.example.com', authToken: 'sales-token' };

describe('the option targets', () => {
  it('takes what a target does not set from the options, then from the variables, then the default', () => {
    const env = { CRM_TIMEOUT_MS: '7000', CRM_CONCURRENCY: '3', CRM_RETRY_MAX_AGE_MS: '1000' };
    const options = { env, timeoutMs: 9_000, retry: { firstDelayMs: 5 }, rateLimit: { perSecond: 10 } };
    const own = { ...sales, concurrency: 2, retry: { maxDelayMs: 50 }, rateLimit: { burst: 4 } };
    expect(targetsOf({ ...options, targets: { sales: own } })).toMatchObject([
      {
        name: 'sales',
        ...sales,
        timeoutMs: 9_000,
        healthTimeoutMs: 5_000,
        delivery: {
          concurrency: 2,
          retry: { firstDelayMs: 5, maxDelayMs: 50, maxAgeMs: 1_000, maxRetryAfterMs: 3_600_000 },
          rateLimit: { perSecond: 10, burst: 4 },
        },
      },
    ]);
  });

  it('gives the variables of URL and token to the target crm, and to no other', () => {
    const env = { CRM_BASE_URL: 'https://crm.example.com', CRM_AUTH_TOKEN: 'crm-token' };
    expect(targetsOf({ env, targets: { crm: {}, sales } })).toMatchObject([
      { name: 'crm', baseUrl: 'https://crm.example.com', authToken: 'crm-token' },
      { name: 'sales', ...sales },
    ]);
    expect(issuesOf({ env, targets: { sales: {} } })).toEqual([
      {
        path: 'targets.sales.baseUrl',
        message: 'is missing: set it, and if it comes from an environment variable, set that',
      },
      {
        path: 'targets.sales.authToken',
        message: 'is missing: set it, and if it comes from an environment variable, set that',
      },
    ]);
  });

  it('refuses a URL and credentials beside them, which would go to all', () => {
    const auth = { kind: 'basic', username: 'a', password: 'b' };
    const signing = { secrets: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    const beside = { baseUrl: 'http://localhost', authToken: 'a-token', auth, signing };
    expect(issuesOf({ ...beside, targets: { sales } })).toEqual([
      { path: 'baseUrl', message: 'belongs to a target where targets are named: targets.<name>.baseUrl' },
      { path: 'authToken', message: 'belongs to a target where targets are named: targets.<name>.authToken' },
      { path: 'auth', message: 'belongs to a target where targets are named: targets.<name>.auth' },
      { path: 'signing', message: 'belongs to a target where targets are named: targets.<name>.signing' },
    ]);
  });

  it('names each problem with the target’s option, and none of the values', () => {
    const wrong = { ...sales, baseUrl: 'ftp://geheim', timeoutMs: 0, retry: { maxDelay: 1 }, tokn: 'geheim' };
    const issues = issuesOf({ targets: { sales: wrong } });
    expect(issues.map(({ path }) => path)).toEqual([
      'targets.sales.baseUrl',
      'targets.sales.timeoutMs',
      'targets.sales.retry.maxDelay',
      'targets.sales.tokn',
    ]);
    expect(JSON.stringify(issues)).not.toContain('geheim');
    expect(issuesOf({ targets: { sales: { ...sales, rateLimit: { burst: 2 } } } })).toEqual([
      { path: 'targets.sales.rateLimit.burst', message: 'needs targets.sales.rateLimit.perSecond beside it' },
    ]);
    expect(issuesOf({ targets: { sales: null } })).toContainEqual({
      path: 'targets.sales',
      message: 'options must be an object',
    });
  });

  it.each<unknown>([
    {},
    [],
    'crm',
    null,
    { Sales: sales },
    { 'sales team': sales },
    { ['a'.repeat(33)]: sales },
    { 1: sales },
    Object.fromEntries(Array.from({ length: 17 }, (_, number) => [`t${String(number)}`, sales])),
  ])('refuses %j', (targets) => {
    expect(issuesOf({ targets })[0]?.path).toBe('targets');
  });

  it('keeps those elsewhere out of a test run that names no outbox', () => {
    const crm = { baseUrl: 'http://localhost:5001', authToken: 'a-token' };
    const { targets, warnings } = resolve({ env: { NODE_ENV: 'test' }, outbox: undefined, targets: { crm, sales } });
    expect(targets).toMatchObject([crm, { baseUrl: 'http://localhost:5001', authToken: 'your-secret-token' }]);
    expect(warnings).toEqual([
      expect.stringMatching(/^targets\.sales\.baseUrl https:\/\/sales\.example\.com is not notified/),
    ]);
  });

  it('warns of each target by its name, and refuses it in production', () => {
    const open = { baseUrl: 'http://sales.example.com', authToken: 'a-token' };
    expect(resolve({ targets: { sales: open } }).warnings).toEqual([
      'targets.sales.baseUrl sends the token unencrypted to a public host; use https. In production this is refused.',
    ]);
    const env = { NODE_ENV: 'production' };
    expect(issuesOf({ env, targets: { sales: open } })[0]?.path).toBe('targets.sales.baseUrl');
    expect(targetsOf({ env, targets: { sales: { ...open, allowInsecureHttp: true } } })).toHaveLength(1);
  });
});
