import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { bareEnvironment } from '../helpers/bare-environment.js';
import { type ExpressMajor, installInto, root, telemetryPeers } from './installed-package.js';
import { packInto, run } from './pack-into.js';

const programs = join(__dirname, 'consumer');
const expressMajors: readonly ExpressMajor[] = [5, 4];

/** Each has one function, for a kind of CRM. */
const formats: Readonly<Record<string, string>> = {
  'cloud-events': 'cloudEvents',
  'customer-io': 'customerIo',
  'hubspot-contacts': 'hubspotContacts',
  'hubspot-events': 'hubspotEvents',
  'salesforce-event': 'salesforceEvent',
  segment: 'segment',
  'standard-webhooks': 'standardWebhooks',
};

const workshop = mkdtempSync(join(tmpdir(), 'installed-package-'));
const projectOf = (express: ExpressMajor) => join(workshop, `app-on-express-${express}`);
let tarball: string;

jest.setTimeout(120_000);

beforeAll(async () => {
  tarball = await packInto(workshop, root);
  for (const express of expressMajors) {
    await installInto(projectOf(express), tarball, express);
    cpSync(programs, projectOf(express), { recursive: true });
  }
});

afterAll(() => {
  rmSync(workshop, { recursive: true, force: true });
});

describe('the tarball', () => {
  let files: readonly string[];

  beforeAll(async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    files = stdout.trim().split(/\r?\n/);
  });

  it('holds what users need and nothing else', () => {
    const unneeded = files.filter(
      (file) =>
        !/^package\/(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|\.env\.example|dist\/.+|docs\/[\w/-]+\.(?:md|svg))$/.test(
          file,
        ),
    );
    expect(unneeded).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        'package/README.md',
        'package/LICENSE',
        'package/dist/esm/index.js',
        'package/docs/hooks.md',
      ]),
    );
    process.stdout.write(`${(statSync(tarball).size / 1024).toFixed(0)} KiB packed, ${files.length} files\n`);
  });

  it('refers to no source map that it does not hold', () => {
    const installed = join(projectOf(5), 'node_modules/express-crm-notifier');
    const scripts = files.filter((file) => file.endsWith('.js')).map((file) => file.replace(/^package\//, ''));
    const missing = scripts.filter((file) => {
      const map = /^\/\/# sourceMappingURL=(\S+)$/m.exec(readFileSync(join(installed, file), 'utf8'))?.[1];
      return map !== undefined && !files.includes(join('package', file, '..', map));
    });
    expect(missing).toEqual([]);
  });

  it('holds no source map of a source that it does not hold', () => {
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
  });
});

describe('the names it exports', () => {
  it('are these, imported and required', async () => {
    const [names] = await runProgram<ExportNames>(projectOf(5), 'export-names.mjs');
    expect(names?.imported).toMatchInlineSnapshot(`
      [
        "CRMConfigError",
        "CRMConnectionError",
        "CRMHttpError",
        "CRMNotMountedError",
        "CRMNotificationError",
        "CRMNotificationService",
        "CRMOutboxError",
        "CRMResponseError",
        "CRMTimeoutError",
        "CRMValidationError",
        "afterBooking",
        "afterEvent",
        "afterResponse",
        "createNotifier",
        "defineFormat",
        "isCRMNotificationError",
        "messageFirst",
      ]
    `);
    expect(names?.required).toEqual(names?.imported);
    expect(names?.areTheSame).toBe(true);
  });

  it('are these for tests', async () => {
    const [names] = await runProgram<ExportNames>(projectOf(5), 'export-names.mjs', {}, 'express-crm-notifier/testing');
    const expected = ['createOwnedClock', 'startFakeCrm'];
    expect(names).toEqual({ imported: expected, required: expected, areTheSame: true });
  });

  it.each(Object.entries(formats))('are for the format %s: %s', async (file, name) => {
    const entry = `express-crm-notifier/formats/${file}`;
    const [names] = await runProgram<ExportNames>(projectOf(5), 'export-names.mjs', {}, entry);
    expect(names).toEqual({ imported: [name], required: [name], areTheSame: true });
  });

  it('are these for a CRM service', async () => {
    const entry = 'express-crm-notifier/receiver';
    const [names] = await runProgram<ExportNames>(projectOf(5), 'export-names.mjs', {}, entry);
    const expected = ['NotificationRejectedError', 'createReceiver', 'memoryStore', 'postgresStore', 'sqliteStore'];
    expect(names).toEqual({ imported: expected, required: expected, areTheSame: true });
  });
});

describe('what is loaded', () => {
  it('by the import is small; HTTP client, logger, SQLite and telemetry come when they are needed', async () => {
    const [loaded] = await runProgram<LoadedPackages>(projectOf(5), 'loaded-packages.cjs');
    const small = ['envalid', 'fastest-levenshtein', 'uuid'];
    expect(loaded?.byImport).toEqual(small);
    // The post office's thread has undici for itself.
    expect(loaded?.byNotifier).toEqual(expect.arrayContaining(['@opentelemetry/api', ...small]));
    expect(loaded?.byNotifier).not.toEqual(expect.arrayContaining(['undici']));
    expect(loaded?.byNotifier).not.toEqual(expect.arrayContaining(['pino']));
    expect(loaded?.byDirectClient).toEqual(expect.arrayContaining(['undici']));
  });
});

describe.each(expressMajors)('the tests of an app on Express %i', (express) => {
  it.each([
    ['testing-kit.mjs', 2],
    ['testing-kit.cjs', 1],
  ])('in %s test it with the kit, and end by themselves', async (program, passedCount) => {
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', program], {
      cwd: projectOf(express),
      env: bareEnvironment(),
      timeout: 30_000,
    });
    expect(stdout).toMatch(new RegExp(`^# pass ${passedCount}$`, 'm'));
  });
});

describe('telemetry', () => {
  it('has spans and metrics of what an app tells', async () => {
    const crm = await startCrm();
    try {
      const [telemetry] = await runProgram(projectOf(5), 'telemetry.mjs', { CRM_BASE_URL: crm.url });
      expect(telemetry).toEqual({
        started: ['send booking_created', 'POST'],
        delivered: 'crm_notifier_deliveries_total{type="booking_created",target="crm",result="delivered"} 1',
        required: ['crmMetrics'],
      });
    } finally {
      await crm.stop();
    }
  });

  it('is not missed by an app that has neither OpenTelemetry nor prom-client', async () => {
    const project = join(workshop, 'app-without-telemetry');
    await installInto(project, tarball, 5, telemetryPeers);
    cpSync(programs, project, { recursive: true });
    const crm = await startCrm();
    try {
      const results = await runProgram(project, 'app.mjs', { CRM_BASE_URL: crm.url });
      expect(results).toMatchObject([{ status: 201, delivered: 1 }]);
    } finally {
      await crm.stop();
    }
  });
});

describe.each(expressMajors)('an app on Express %i', (express) => {
  it.each(['app.mjs', 'app.cjs'])('that is %s tells the CRM of a booking', async (program) => {
    const crm = await startCrm();
    try {
      const results = await runProgram(projectOf(express), program, { CRM_BASE_URL: crm.url });
      expect(results).toEqual([
        {
          status: 201,
          body: { booking: { id: 456, userId: 123, sessionId: 789 } },
          delivered: 1,
          pending: 0,
          dead: 0,
        },
      ]);
      expect(crm.requests).toEqual([
        {
          line: 'POST /notify',
          authorization: 'Bearer a-token-of-this-test',
          body: expect.objectContaining({
            notification_type: 'booking_created',
            user_id: 123,
            message: 'Booking 456 created',
            additional_data: { booking_id: 456, session_id: 789, action: 'created' },
          }),
        },
      ]);
    } finally {
      await crm.stop();
    }
  });
});

describe('the command line', () => {
  const bin = join(projectOf(5), 'node_modules/express-crm-notifier/dist/cjs/cli/main.js');
  const runBin = (args: readonly string[]) =>
    run(process.execPath, [bin, ...args], { cwd: projectOf(5), env: { PATH: process.env['PATH'] }, timeout: 30_000 });

  it('is what package.json calls crm-notifier, a program', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(bin, '../../../../package.json'), 'utf8'));
    expect(manifest).toMatchObject({ bin: { 'crm-notifier': './dist/cjs/cli/main.js' } });
    expect(readFileSync(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('works with what the package declares and nothing else', async () => {
    expect((await runBin(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const crm = await startCrm();
    await crm.stop();
    await expect(runBin(['check', '--base-url', crm.url])).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`nothing is listening at ${crm.url}`),
    });
    await expect(runBin(['outbox', 'stats', '--outbox', 'none'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no outbox in'),
    });
  });
});

describe('errors, where an app has two copies of the package', () => {
  it('are known to the classes and the guard of the other copy', async () => {
    const reports = await runProgram(projectOf(5), 'two-copies.mjs');
    const known = { sameClass: false, known: true, guarded: true, mistaken: false };
    expect(reports).toEqual(
      ['one copy', 'the other copy'].flatMap((by) => [
        { by, name: 'CRMConfigError', ...known },
        { by, name: 'CRMValidationError', ...known },
        { by, name: 'CRMHttpError', ...known },
        { by, name: 'CRMResponseError', ...known },
        { by, name: 'CRMConnectionError', ...known },
      ]),
    );
  });
});

interface LoadedPackages {
  readonly byImport: readonly string[];
  readonly byNotifier: readonly string[];
  readonly byDirectClient: readonly string[];
}

interface ExportNames {
  readonly imported: readonly string[];
  readonly required: readonly string[];
  /** Whether importing and requiring the package leads to one copy of it. */
  readonly areTheSame: boolean;
}

/**
 * The results of a program that runs in a project and ends well: what it prints as `{ "result": … }`, among its log lines.
 */
async function runProgram<Result>(
  project: string,
  program: string,
  environment: NodeJS.ProcessEnv = {},
  ...args: readonly string[]
): Promise<readonly Result[]> {
  const { stdout } = await run(process.execPath, [program, ...args], {
    cwd: project,
    env: { ...bareEnvironment(), CRM_AUTH_TOKEN: 'a-token-of-this-test', ...environment },
    timeout: 30_000,
  });
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { result?: Result }).flatMap(({ result }) => result ?? []);
}

interface ReceivedRequest {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

interface Crm {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  stop(): Promise<void>;
}

/** As small as a CRM can be: takes every notification and remembers it. */
async function startCrm(): Promise<Crm> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const line = `${request.method} ${request.url}`;
      requests.push({ line, authorization: request.headers.authorization, body: JSON.parse(body) });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    },
  };
}
