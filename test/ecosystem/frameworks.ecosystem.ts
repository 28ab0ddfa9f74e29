import { bookedOnce, bookOnce, readBooked } from './book-once.js';
import { createProject, type Project } from './project.js';

/** A Nest app: a hook on the route of a controller, and the notifier in a service. */
const nestApp = `
  import 'reflect-metadata';
  import { Body, Controller, Logger, Module, Post, RequestMethod } from '@nestjs/common';
  import type { MiddlewareConsumer, NestModule } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { afterBooking, createNotifier, messageFirst } from 'express-crm-notifier';
  import type { NotifierOptions } from 'express-crm-notifier';

  class BookingRequest { userId!: number; sessionId!: number }

  @Controller('bookings')
  class BookingsController {
    @Post()
    create(@Body() { userId, sessionId }: BookingRequest) {
      return { booking: { id: 456, userId, sessionId } };
    }
  }

  @Module({ controllers: [BookingsController] })
  class AppModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(afterBooking('created')).forRoutes({ path: 'bookings', method: RequestMethod.POST });
    }
  }

  export async function start(options: NotifierOptions) {
    const logger = process.env['NEST_LOGGER'] === '1' ? messageFirst(new Logger('CRM')) : undefined;
    const notifier = createNotifier({ ...options, logger });
    const app = await NestFactory.create(AppModule, { logger: logger === undefined ? false : ['log', 'warn', 'error'] });
    app.use(notifier.middleware());
    await app.listen(0, '127.0.0.1');
    return { notifier, server: app.getHttpServer() };
  }
`;
const nestCompilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  rootDir: '.',
  outDir: 'out',
};

describe.each(['10', '11', '12'])('NestJS %s', (version) => {
  let project: Project;

  beforeAll(async () => {
    const nest = ['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@${version}`);
    const packages = [
      ...nest,
      'reflect-metadata@0.2',
      'rxjs@7',
      'typescript@5.9',
      '@types/express@5',
      '@types/node@20',
    ];
    project = await createProject(`nest ${version}`, packages, {
      manifest: { type: version === '12' ? 'module' : 'commonjs' },
      files: {
        'app.ts': nestApp,
        'tsconfig.json': JSON.stringify({ compilerOptions: nestCompilerOptions, files: ['app.ts'] }),
      },
    });
    await project.run(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false']);
  });

  it('notifies the CRM of what a controller returned', async () => {
    expect(await bookOnce(project, 'out/app.js', [process.execPath, 'start.cjs'])).toEqual(bookedOnce);
  });

  it("F6: takes Nest's logger through messageFirst", async () => {
    const output = await project.run(process.execPath, ['start.cjs', 'out/app.js'], { NEST_LOGGER: '1' });
    expect(readBooked(output)).toEqual(bookedOnce);
    expect(output.stdout).toMatch(/CRM.*CRM notification sent/);
    expect(output.stdout).not.toMatch(/\[object Object\]|\b(WARN|ERROR)\b/);
  });
});

describe.each([
  ['5', ['@apollo/server@5', '@as-integrations/express5@1', 'express@5']],
  ['4', ['@apollo/server@4', 'express@4']],
])('Apollo Server %s', (version, packages) => {
  it('notifies the CRM from a resolver', async () => {
    const project = await createProject(`apollo ${version}`, [...packages, 'graphql@16']);
    const booked = readBooked(await project.run(process.execPath, ['apollo.mjs', version]));
    expect(booked).toEqual({ ...bookedOnce, status: 200 });
  });
});

describe.each(['11', '10'])('tRPC %s', (version) => {
  it('notifies the CRM from a procedure', async () => {
    const packages = [`@trpc/server@${version}`, 'typescript@5.9', `express@${version === '10' ? '4' : '5'}`];
    const project = await createProject(`trpc ${version}`, packages);
    expect(await bookOnce(project, 'trpc.mjs')).toEqual({ ...bookedOnce, status: 200 });
  });
});
