import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import type { NotifierOptions } from '../../src/index.js';
import { bareEnvironment } from '../helpers/bare-environment.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { accept } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';

const run = promisify(execFile);
const realCrm = 'https://crm.example.com';
const localCrm = 'http://localhost:5001';
const testRuns: readonly Record<string, string>[] = [
  { NODE_ENV: 'test' },
  { NODE_TEST_CONTEXT: 'child-v8' },
  { NODE_ENV: 'development', JEST_WORKER_ID: '1' },
  { NODE_ENV: 'production', VITEST: 'true' },
];

describe('F3: a test run that names no outbox', () => {
  const directory = useTempDirectory();
  const start = useCrm();
  const configOf = (options: NotifierOptions) => {
    const { outbox, targets, warnings } = resolveNotifierConfig({
      authToken: 'the-real-token',
      logger: createLogCollector(),
      ...options,
    });
    const { baseUrl, authToken: token } = targets[0]!;
    return { path: outbox.path, baseUrl, token, warnings };
  };

  it.each(testRuns)('keeps notifications in memory and away from a CRM elsewhere: %j', (env) => {
    expect(configOf({ env, baseUrl: realCrm })).toEqual({
      path: ':memory:',
      baseUrl: localCrm,
      token: 'your-secret-token',
      warnings: [
        `baseUrl ${realCrm} is not notified, because this is a test run that names no outbox; ${localCrm} is, instead. ` +
          "To notify it from a test, name an outbox: outbox: ':memory:' (CRM_OUTBOX)",
      ],
    });
    expect(configOf({ env: { ...env, CRM_BASE_URL: realCrm } })).toMatchObject({ path: ':memory:', baseUrl: localCrm });
  });

  it.each(['http://localhost:7', 'http://127.0.0.1:7', 'http://127.8.8.8:7', 'http://[::1]:7'])(
    'notifies a CRM on this machine: %s',
    (baseUrl) => {
      const found = configOf({ env: { NODE_ENV: 'test' }, baseUrl });
      expect(found).toEqual({ path: ':memory:', baseUrl, token: 'the-real-token', warnings: [] });
    },
  );

  it.each([
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://10.0.0.1',
    'http://crm.localhost',
    'http://mylocalhost',
  ])('does not take %s for this machine', (baseUrl) => {
    expect(configOf({ env: { NODE_ENV: 'test' }, baseUrl }).baseUrl).toBe(localCrm);
  });

  it('is as any other run once it names an outbox', () => {
    const env = { NODE_ENV: 'test' };
    const asUsual = { baseUrl: realCrm, token: 'the-real-token', warnings: [] };
    expect(configOf({ env, baseUrl: realCrm, outbox: ':memory:' })).toEqual({ path: ':memory:', ...asUsual });
    expect(configOf({ env: { ...env, CRM_OUTBOX: '.crm-outbox' }, baseUrl: realCrm })).toEqual({
      path: '.crm-outbox',
      ...asUsual,
    });
  });

  it('drops a dispatcher, which may be bound to the CRM elsewhere', async () => {
    const dispatcher = new Pool(realCrm);
    const logger = createLogCollector();
    const options = { env: { NODE_ENV: 'test' }, authToken: 'the-real-token', logger, dispatcher };
    expect(resolveNotifierConfig({ ...options, baseUrl: realCrm }).targets[0]?.dispatcher).toBeUndefined();
    expect(resolveNotifierConfig({ ...options, baseUrl: 'http://localhost:7' }).targets[0]?.dispatcher).toBe(
      dispatcher,
    );
    await dispatcher.close();
  });

  it('is recognised by the process when the option env says nothing of it', () => {
    expect(configOf({ env: {}, baseUrl: realCrm })).toMatchObject({ path: ':memory:', baseUrl: localCrm });
  });

  it.each([{ NODE_ENV: 'development' }, { NODE_ENV: 'production' }])('is not %j', (env) => {
    expect(configOf({ env, baseUrl: realCrm })).toMatchObject({ path: '.crm-outbox', baseUrl: realCrm });
  });

  it('leaves no outbox behind that a later start would deliver', async () => {
    const cwd = directory();
    const crm = await start(accept);
    const main = resolve(__dirname, '../../dist/cjs/index.js');
    const app = join(cwd, 'app.cjs');
    writeFileSync(
      app,
      `const { createNotifier } = require(${JSON.stringify(main)});
       const crm = createNotifier({ logLevel: 'silent' });
       crm.notify({ notificationType: 'seen', userId: 1, message: 'by a test' }).then((receipt) => {
         if (!receipt.accepted) throw receipt.error;
         return crm.close({ timeoutMs: 1 });
       });`,
    );
    // Nothing listens there, so it is not delivered.
    const env = { ...bareEnvironment(), CRM_BASE_URL: 'http://127.0.0.1:9', CRM_AUTH_TOKEN: 'a-token' };
    await run(process.execPath, [app], { cwd, env: { ...env, NODE_ENV: 'test' } });
    expect(readdirSync(cwd)).toEqual(['app.cjs']);
    // The same app for real: only its own notification arrives.
    const real = { ...env, NODE_ENV: 'development', CRM_BASE_URL: crm.url };
    await run(process.execPath, [app], { cwd, env: real });
    await run(process.execPath, [resolve(__dirname, '../../dist/cjs/cli/main.js'), 'deliver'], { cwd, env: real });
    expect(new Set(idsOf(crm.received)).size).toBe(1);
  });
});
