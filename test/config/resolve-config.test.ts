import { CRMConfigError, type NotifierOptions } from '../../src/index.js';
import { resolveNotifierConfig, resolveServiceConfig } from '../../src/config/resolve-config.js';
import { createLogCollector } from '../helpers/log-collector.js';

const logger = createLogCollector();

function configOf(options: NotifierOptions = {}): ReturnType<typeof resolveNotifierConfig> {
  return resolveNotifierConfig({ env: {}, authToken: 'a-token', logger, ...options });
}

function refusal(options: unknown): CRMConfigError {
  try {
    resolveNotifierConfig({ env: {}, authToken: 'a-token', logger, ...(options as NotifierOptions) });
  } catch (error) {
    if (error instanceof CRMConfigError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('the configuration', () => {
  it('takes options over variables over defaults', () => {
    const env = { CRM_BASE_URL: 'http://from-env:1', CRM_AUTH_TOKEN: 'env-token', CRM_TIMEOUT_MS: '77' };
    expect(resolveServiceConfig({ env, logger, baseUrl: 'http://from-option:2' }).target).toMatchObject({
      baseUrl: 'http://from-option:2',
      authToken: 'env-token',
      timeoutMs: 77,
      healthTimeoutMs: 5_000,
    });
    expect(resolveServiceConfig({ env: {}, logger }).target).toMatchObject({
      baseUrl: 'http://localhost:5001',
      authToken: 'your-secret-token',
      timeoutMs: 10_000,
    });
  });

  it('reports every problem at once, with option and variable, and never the value', () => {
    const error = refusal({
      env: { CRM_BASE_URL: 'geheim:1', CRM_TIMEOUT_MS: '5s' },
      concurrency: 0,
      retry: { maxAgeMs: -1 },
      authToken: 'geheim geheim',
    });
    expect(error.issues.map((issue) => issue.path).sort()).toEqual([
      'authToken (CRM_AUTH_TOKEN)',
      'baseUrl (CRM_BASE_URL)',
      'concurrency (CRM_CONCURRENCY)',
      'retry.maxAgeMs (CRM_RETRY_MAX_AGE_MS)',
      'timeoutMs (CRM_TIMEOUT_MS)',
    ]);
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain('geheim');
  });

  it('case 8: plain http to a public host is warned of, and refused in production unless allowed', () => {
    const baseUrl = 'http://crm.example.com';
    const inDevelopment = { baseUrl, env: { NODE_ENV: 'development' } };
    expect(configOf(inDevelopment).warnings).toEqual([expect.stringContaining('unencrypted')]);
    const env = { NODE_ENV: 'production' };
    expect(refusal({ baseUrl, env }).message).toMatch(/allowInsecureHttp/);
    expect(configOf({ baseUrl, env, allowInsecureHttp: true }).warnings).toEqual([]);
  });

  it.each<[what: string, token: unknown]>([
    ['empty', ''],
    ['an object', { token: 'geheim' }],
    ['with CR and LF inside', 'geheim\r\nX-Evil: 1'],
    ['with NUL', 'geheim\0'],
    ['with DEL', 'geheim\u007f'],
    ['not ASCII', 'geheimß'],
    ['100 KB', 'geheim'.repeat(17_000)],
  ])('case 9: a token that is %s is refused, and the text does not contain it', (_what, authToken) => {
    const error = refusal({ authToken });
    expect(error.issues).toMatchObject([{ path: 'authToken (CRM_AUTH_TOKEN)' }]);
    expect(JSON.stringify(error)).not.toContain('geheim');
  });

  it('case 9: a line break behind a token is dropped with a warning, and Bearer is not doubled', () => {
    const config = configOf({ authToken: 'a-token\n' });
    expect(config.targets[0]?.authToken).toBe('a-token');
    expect(config.warnings).toEqual([expect.stringContaining('line break')]);
    expect(configOf({ authToken: 'Bearer a-token' }).targets[0]?.authToken).toBe('a-token');
  });

  it.each<unknown>([0, -1, NaN, Infinity, '5s', 2 ** 31, 1.5, null])(
    'case 11: timeoutMs %p is refused',
    (timeoutMs) => {
      expect(refusal({ timeoutMs }).issues).toMatchObject([{ path: 'timeoutMs (CRM_TIMEOUT_MS)' }]);
    },
  );

  it.each(['0', '-1', 'NaN', 'Infinity', '5s', '2147483648', '1.5', '1e3', '0x10', ' 5', ''])(
    'case 11: CRM_TIMEOUT_MS=%j is refused',
    (text) => {
      const { issues } = refusal({ env: { CRM_TIMEOUT_MS: text } });
      expect(issues).toEqual([
        { path: 'timeoutMs (CRM_TIMEOUT_MS)', message: expect.stringContaining('from 1 to 2147483647') },
      ]);
    },
  );

  it.each<[path: string, options: unknown]>([
    ['retry.firstDelayMs', { retry: { firstDelayMs: NaN } }],
    ['retry.maxRetryAfterMs', { retry: { maxRetryAfterMs: 2 ** 31 } }],
    ['breaker.failureThreshold', { breaker: { failureThreshold: 0 } }],
    ['maxPending.count', { maxPending: { count: '10' } }],
    ['rateLimit.perSecond', { rateLimit: { perSecond: 0 } }],
  ])('case 11: %s is held to its range', (path, options) => {
    expect(refusal(options).issues[0]?.path).toContain(path);
  });

  it.each<[options: unknown, path: string, nearest: string]>([
    [{ retires: 3 }, 'retires', 'retry'],
    [{ retry: { maxDelay: 3 } }, 'retry.maxDelay', 'retry.maxDelayMs'],
    [{ timeout: 3 }, 'timeout', 'timeoutMs'],
  ])('case 12: the unknown option in %p is refused with the nearest name', (options, path, nearest) => {
    expect(refusal(options).issues).toEqual([
      { path, message: expect.stringContaining(`did you mean \`${nearest}\`?`) },
    ]);
  });

  it.each<[options: NotifierOptions | Record<string, unknown>, suggestion: string]>([
    [{ url: 'http://localhost:1' }, 'did you mean `baseUrl`?'],
    [{ apiKey: 'abc' }, 'did you mean `authToken`?'],
    [{ outbux: 'x' }, 'did you mean `outbox`?'],
    [{ colour: 'blue' }, 'docs/configuration.md lists all there are'],
  ])('F19: knows what people type, and does not guess wildly: %j', (options, suggestion) => {
    const [name] = Object.keys(options);
    const message = `unknown option \`${name}\`, ${suggestion}`;
    expect(refusal(options).issues).toEqual([{ path: name, message }]);
    expect(refusal(options).message).toBe(`configuration is not valid: ${message}`);
  });

  it('F19: knows the variables that people type', () => {
    expect(configOf({ env: { CRM_URL: 'http://h', CRM_API_KEY: 'k', CRM_COLOUR: 'blue' } }).warnings).toEqual([
      'CRM_URL is no variable of express-crm-notifier, did you mean `CRM_BASE_URL`?',
      'CRM_API_KEY is no variable of express-crm-notifier, did you mean `CRM_AUTH_TOKEN`?',
      'CRM_COLOUR is no variable of express-crm-notifier, docs/configuration.md lists all there are',
    ]);
  });

  it('names no variable that may be a token in a malformed file', () => {
    const env = { 'CRM_AUTH_TOKEN: c2VjcmV0LXRva2Vu': '=', CRM_c2VjcmV0: 'x', NODE_ENV: 'development' };
    expect(configOf({ env }).warnings).toEqual([]);
  });

  it('F8: warns in production when nobody has said where the CRM is', () => {
    const env = { NODE_ENV: 'production', CRM_AUTH_TOKEN: 'a-token-of-this-test' };
    const warning =
      'baseUrl is the default, http://localhost:5001; set CRM_BASE_URL, unless the CRM is on this machine.';
    expect(configOf({ env }).warnings).toEqual([warning]);
    expect(configOf({ env: { ...env, CRM_BASE_URL: 'https://crm.example.com' } }).warnings).toEqual([]);
    // Said on purpose: a container may have a sidecar there.
    expect(configOf({ env: { ...env, CRM_BASE_URL: 'http://localhost:5001' } }).warnings).toEqual([]);
    expect(configOf({ env: { CRM_AUTH_TOKEN: 'a-token-of-this-test' } }).warnings).toEqual([]);
  });

  it.each(['https://crm.example.com/notify', 'https://crm.example.com/api/notify/'])(
    'F11: refuses %s, because /notify is added to it',
    (baseUrl) => {
      expect(refusal({ baseUrl }).issues).toEqual([
        {
          path: expect.stringContaining('baseUrl'),
          message: 'must not end in /notify, which is added to it; leave that out',
        },
      ]);
    },
  );

  it('case 12: neither an unknown option nor an unknown variable shows its value', () => {
    const error = refusal({ passphrase: 'geheim', rateLimit: 'geheim' });
    expect(error.issues.map(({ path }) => path)).toEqual(['passphrase', 'rateLimit']);
    const { warnings } = configOf({ env: { CRM_AUTH_TOKN: 'geheim' } });
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify([error, error.message, warnings])).not.toContain('geheim');
  });

  it('case 12: an unknown variable is warned of with the nearest name', () => {
    expect(configOf({ env: { CRM_BASEURL: 'http://h' } }).warnings).toEqual([
      'CRM_BASEURL is no variable of express-crm-notifier, did you mean `CRM_BASE_URL`?',
    ]);
  });

  it('case 12: only own properties of options count', () => {
    const options = JSON.parse('{"__proto__": {"timeoutMs": 1}}') as NotifierOptions;
    expect(() => resolveNotifierConfig(options)).toThrow(CRMConfigError);
    const inherited = Object.create({ timeoutMs: 1, authToken: 'inherited' }) as NotifierOptions;
    expect(resolveNotifierConfig(inherited).targets[0]?.timeoutMs).toBe(10_000);
  });

  it('case 12: a prototype that somebody has polluted changes nothing', () => {
    const env = { CRM_BASE_URL: 'http://evil.example' };
    const polluted = { env, baseUrl: 'http://evil.example', authToken: 'evil', logger: {}, dispatcher: {}, clock: {} };
    const names = Object.keys(polluted);
    try {
      for (const [name, value] of Object.entries(polluted)) {
        Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
      }
      expect(resolveServiceConfig({}).target).toMatchObject({
        baseUrl: 'http://localhost:5001',
        authToken: 'your-secret-token',
        dispatcher: undefined,
      });
    } finally {
      for (const name of names) Reflect.deleteProperty(Object.prototype, name);
    }
  });

  it.each<unknown>([null, 'http://localhost:5001', 5001, true])('refuses %p in place of options', (options) => {
    const resolve = (): unknown => resolveServiceConfig(options as NotifierOptions);
    expect(resolve).toThrow(CRMConfigError);
    expect(resolve).toThrow('options must be an object');
  });

  it('takes an empty variable for none where none is the default, and refuses it elsewhere', () => {
    expect(configOf({ env: { CRM_RATE_LIMIT_PER_SECOND: '', CRM_RATE_LIMIT_BURST: '' } }).targets).toMatchObject([
      { delivery: { rateLimit: undefined } },
    ]);
    const env = { CRM_BASE_URL: '', CRM_AUTH_TOKEN: '', CRM_CONCURRENCY: '' };
    expect(refusal({ env, authToken: undefined }).issues.map(({ path }) => path)).toEqual([
      'baseUrl (CRM_BASE_URL)',
      'authToken (CRM_AUTH_TOKEN)',
      'concurrency (CRM_CONCURRENCY)',
    ]);
  });

  it('knows no switch that turns the verification of certificates off (case 50)', () => {
    for (const name of ['rejectUnauthorized', 'insecure', 'tls', 'strictSSL']) {
      expect(refusal({ [name]: false }).issues).toMatchObject([{ path: name }]);
    }
  });

  it('case 9: a token of a hundred thousand line breaks is refused at once', () => {
    const startedAt = performance.now();
    refusal({ authToken: `${'\n'.repeat(100_000)}x` });
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  it('refuses the default token in production', () => {
    const given = { env: { NODE_ENV: 'production' }, logger };
    expect(() => resolveServiceConfig(given)).toThrow(/authToken \(CRM_AUTH_TOKEN\): is the default/);
  });

  it.each<unknown>([{}, null, 1, { now: () => 1, monotonicMs: () => 1 }])('refuses %p in place of a clock', (clock) => {
    expect(refusal({ clock }).issues).toEqual([
      { path: 'clock', message: expect.stringMatching(/^must be a clock/) as string },
    ]);
  });

  it('refuses a logger and a dispatcher that are none', () => {
    const error = refusal({ logger: { info: 1 }, dispatcher: {} });
    expect(error.issues.map((issue) => issue.path)).toEqual(['dispatcher', 'logger']);
  });
});
