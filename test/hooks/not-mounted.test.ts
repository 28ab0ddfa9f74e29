import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { NextFunction, Request, Response } from 'express';
import request from 'supertest';
import { afterBooking } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';

describe.each(expressVersions)('a hook without the middleware on $version', ({ express }) => {
  it('fails every request of its route in development, and says how to mount it', async () => {
    const errors: unknown[] = [];
    let handled = 0;
    const app = express();
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      handled += 1;
      res.json({});
    });
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      errors.push(error);
      res.status(500).json({});
    });

    await request(app).post('/bookings').expect(500);
    await request(app).post('/bookings').expect(500);

    expect(handled).toBe(0);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({
      name: 'CRMNotMountedError',
      code: 'ERR_CRM_NOT_MOUNTED',
      retryable: false,
      message:
        "afterBooking('created') found no notifier at res.locals.crm. Mount it before the routes: " +
        'const crm = createNotifier(); app.use(crm.middleware())',
    });
  });

  it('does not run the handler that it wraps', async () => {
    let handled = 0;
    const app = express();
    const handler = (_req: Request, res: Response<unknown>): void => {
      handled += 1;
      res.json({});
    };
    app.post(
      '/bookings',
      afterBooking('created', handler, () => undefined),
    );
    app.use((error: { code?: string }, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ code: error.code });
    });

    await request(app).post('/bookings').expect(500, { code: 'ERR_CRM_NOT_MOUNTED' });

    expect(handled).toBe(0);
  });

  it.each<[string, unknown]>([
    ['a foreign object', { notify: () => undefined }],
    ['a text', 'crm'],
    ['null', null],
  ])('fails as well where %s stands at res.locals.crm', async (_what, crm) => {
    const app = express();
    app.use((_req, res, next) => {
      Object.assign(res.locals, { crm });
      next();
    });
    app.post('/bookings', afterBooking('created'), (_req, res) => res.json({}));
    app.use((error: { code?: string }, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ code: error.code });
    });

    await request(app).post('/bookings').expect(500, { code: 'ERR_CRM_NOT_MOUNTED' });
  });
});

describe('a hook without the middleware in production', () => {
  // A process of its own, because its log line goes to the process's standard output.
  it.each(['express', 'express4'])('lets the route answer and logs one ERROR (%s)', async (expressPackage) => {
    const program = `
      import express from '${expressPackage}';
      import { afterBooking } from './src/index.ts';
      const app = express();
      app.post('/bookings', afterBooking('created'), (req, res) => res.status(201).json({}));
      const server = app.listen(0, async () => {
        const url = 'http://127.0.0.1:' + server.address().port + '/bookings';
        const statuses = [];
        for (let count = 0; count < 3; count += 1) statuses.push((await fetch(url, { method: 'POST' })).status);
        console.log(JSON.stringify({ statuses }));
        server.close();
        server.closeAllConnections();
      });`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', join(__dirname, '../helpers/load-sources.mjs'), '--input-type=module', '--eval', program],
      { env: { ...process.env, NODE_ENV: 'production' } },
    );

    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 50,
        name: 'express-crm-notifier',
        msg: expect.stringContaining('app.use(crm.middleware())'),
        err: expect.objectContaining({ code: 'ERR_CRM_NOT_MOUNTED' }),
      }),
      { statuses: [201, 201, 201] },
    ]);
  });
});
