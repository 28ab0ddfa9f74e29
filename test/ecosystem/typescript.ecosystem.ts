import { bookedOnce, bookOnce } from './book-once.js';
import { installByNpm, type Project, createProject } from './project.js';

/** One app of TypeScript; how it is compiled decides whether it is an ES module. */
const app = `
  import express from 'express';
  import { afterBooking, createNotifier, type NotifierOptions } from 'express-crm-notifier';
  import { crmDashboard } from 'express-crm-notifier/dashboard';
  import type { FakeCrm } from 'express-crm-notifier/testing';

  interface Booking { readonly id: number; readonly userId: number; readonly sessionId: number }
  const taken = (crm: FakeCrm): number => crm.sent.all().length;

  export function start(options: NotifierOptions) {
    const notifier = createNotifier(options);
    const app = express();
    app.use(express.json(), notifier.middleware());
    app.use('/crm', crmDashboard(notifier, { authorize: (req) => req.headers.authorization !== undefined }));
    const hook = afterBooking('created', (body: { booking: Booking }) => ({
      bookingId: body.booking.id,
      userId: body.booking.userId,
      sessionId: body.booking.sessionId,
    }));
    app.post('/bookings', hook, (req, res) => {
      const { userId, sessionId } = req.body as Booking;
      res.status(201).json({ booking: { id: 456, userId, sessionId } });
    });
    app.get('/nothing', async (req, res) => {
      const receipt = await res.locals.crm.notify({ notificationType: 'seen', userId: 123, message: 'Seen' });
      res.json(receipt.accepted ? receipt.id : taken.name);
    });
    return { notifier, server: app.listen(0, '127.0.0.1') };
  }
`;
const metrics = `
  import type { Notifier } from 'express-crm-notifier';
  import { crmMetrics } from 'express-crm-notifier/prometheus';
  import { register } from 'prom-client';
  export const registered = (notifier: Notifier): void => crmMetrics(notifier, register).remove();
`;

const nodeTypes = '@types/node@20';
const optionalPeers = ['@opentelemetry/api', 'prom-client'];
const modules = {
  'node16, ES modules': { file: 'app.mts', options: { module: 'node16' } },
  'node16, CommonJS': { file: 'app.cts', options: { module: 'node16' } },
  'nodenext, ES modules': { file: 'app.mts', options: { module: 'nodenext' } },
  bundler: { file: 'app.ts', options: { module: 'esnext', moduleResolution: 'bundler' } },
  'node10, CommonJS': { file: 'common/app.ts', options: { module: 'commonjs', moduleResolution: 'node10' } },
} as const;
type ModuleKind = keyof typeof modules;
const modern: readonly ModuleKind[] = ['node16, ES modules', 'node16, CommonJS', 'nodenext, ES modules', 'bundler'];
/** TypeScript 6 warns of the resolution that was the default of CommonJS, and 7 has it no more. */
const all: readonly ModuleKind[] = [...modern, 'node10, CommonJS'];

const cases = [
  { compiler: '5.5', types: '5', express: '5', kinds: all },
  { compiler: '5.9', types: '5', express: '5', kinds: all },
  { compiler: '6', types: '5', express: '5', kinds: modern },
  { compiler: '7', types: '5', express: '5', kinds: modern },
  { compiler: '5.5', types: '4.17.8', express: '4.17.0', kinds: all },
  { compiler: '5.9', types: '4', express: '4', kinds: all },
  { compiler: '6', types: '4', express: '4', kinds: modern },
  { compiler: '7', types: '4', express: '4', kinds: modern },
] as const;

describe.each(cases)('TypeScript $compiler with @types/express $types', ({ compiler, types, express, kinds }) => {
  let project: Project;

  beforeAll(async () => {
    const packages = [`typescript@${compiler}`, `@types/express@${types}`, `express@${express}`, nodeTypes];
    project = await createProject(`typescript ${compiler}, types ${types}`, packages, { manifest: { type: 'module' } });
    project.write({
      'app.mts': app,
      'app.cts': app,
      'app.ts': app,
      'common/app.ts': app,
      'common/package.json': '{"type":"commonjs"}',
    });
  });

  it.each(kinds)('F4: compiles strictly without any optional peer, and runs: %s', async (kind) => {
    for (const name of optionalPeers) expect(() => project.versionOf(name)).toThrow('ENOENT');
    const { file } = modules[kind];
    await compile(project, kind);
    expect(await bookOnce(project, `out/${file.replace('ts', 'js')}`, [process.execPath, 'start.cjs'])).toEqual(bookedOnce);
  });
});

describe.each(['14.0.0', '15'])('the types of crmMetrics with prom-client %s', (version) => {
  it('F17: compile strictly with nothing else of the optional peers', async () => {
    const packages = ['typescript@5.9', '@types/express@5', 'express@5', nodeTypes, `prom-client@${version}`];
    const project = await createProject(`types of prom-client ${version}`, packages, { manifest: { type: 'module' } });
    project.write({ 'app.mts': metrics, 'app.cts': metrics });
    await compile(project, 'node16, ES modules');
    await compile(project, 'node16, CommonJS');
  });
});

describe('an app in TypeScript without @types/express', () => {
  const complaint = /error (TS\d+): Could not find a declaration file for module 'express'/g;

  it('F4: meets the complaint about Express that it meets without this package, and no other', async () => {
    const packages = ['typescript@5.9', 'express@5', nodeTypes];
    const project = await createProject('no types of Express', packages, { manifest: { type: 'module' } });
    project.write({ 'app.mts': `import express from 'express'; export const app: unknown = express();` });
    const alone = await complaintsOf(project);
    expect(alone.match(complaint)).toHaveLength(1);

    project.write({
      'app.mts': `
        import { createNotifier } from 'express-crm-notifier';
        export const notified = createNotifier().notify({ notificationType: 'seen', userId: 123, message: 'Seen' });
      `,
    });
    const beside = await complaintsOf(project);
    expect([...new Set(beside.match(/error TS\d+/g))]).toEqual(['error TS7016']);
    expect(beside.match(complaint)).toHaveLength(1);

    await installByNpm(project, ['@types/express@5']);
    expect(await complaintsOf(project)).toBe('');
  });
});

/** Compiles one of the app's files into `out/`. Rejects with the compiler's complaints. */
async function compile(project: Project, kind: ModuleKind): Promise<void> {
  const { file, options } = modules[kind];
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    esModuleInterop: true,
    rootDir: '.',
    outDir: 'out',
    ...options,
  };
  project.write({ 'tsconfig.json': JSON.stringify({ compilerOptions, files: [file] }) });
  project.write({ 'out/common/package.json': '{"type":"commonjs"}' });
  await project.run(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false']);
}

async function complaintsOf(project: Project): Promise<string> {
  return compile(project, 'node16, ES modules').then(
    () => '',
    (error: unknown) => String(error),
  );
}
