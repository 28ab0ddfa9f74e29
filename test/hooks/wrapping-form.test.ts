import { setImmediate as turn } from 'node:timers/promises';
import type { NextFunction, Request, Response } from 'express';
import request from 'supertest';
import { afterBooking, afterEvent, afterResponse } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

interface Moved {
  readonly booking: number;
  readonly user: number;
  readonly to: number;
}
const answer500 = (error: Error, _req: Request, res: Response, _next: NextFunction): void => {
  res.status(500).json({ error: error.message });
};

describe.each(expressVersions)('the wrapping form on $version', ({ express }) => {
  const setStage = useStage();

  it('runs the handler, with the body’s type the handler’s', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const move = async (req: Request<{ id: string }>, res: Response<Moved>): Promise<void> => {
      await turn();
      res.json({ booking: Number(req.params.id), user: 123, to: 790 });
    };
    app.put(
      '/bookings/:id',
      afterBooking('moved', move, ({ booking, user, to }) => ({ bookingId: booking, userId: user, sessionId: to })),
    );

    await request(app).put('/bookings/456').expect(200, { booking: 456, user: 123, to: 790 });

    expect((await posted()).map(({ json }) => json)).toMatchObject([
      { notification_type: 'booking_moved', additional_data: { booking_id: 456, session_id: 790, action: 'moved' } },
    ]);
  });

  it('takes options, and there is one for events and for anything else', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const answer = (_req: Request, res: Response<{ id: number }>): void => {
      res.status(302).json({ id: 5 });
    };
    const status = (code: number): boolean => code < 400;
    app.get(
      '/event',
      afterEvent('shown', answer, ({ id }) => ({ eventId: id, userId: 1 }), { status }),
    );
    app.get(
      '/other',
      afterResponse('other_shown', answer, ({ id }) => ({ userId: id, message: 'Shown' }), { status }),
    );

    await request(app).get('/event').redirects(0).expect(302);
    await request(app).get('/other').redirects(0).expect(302);

    expect((await posted()).map(({ json }) => json['notification_type'])).toEqual(['event_shown', 'other_shown']);
  });

  it('passes next on, so that the chain goes on', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const load = (_req: Request, res: Response<{ id: number }>, next: NextFunction): void => {
      res.locals['loaded'] = true;
      next();
    };
    app.get(
      '/',
      afterResponse('seen', load, () => ({ userId: 1, message: 'Seen' })),
      (_req, res) => {
        res.json({ loaded: res.locals['loaded'] as boolean });
      },
    );

    await request(app).get('/').expect(200, { loaded: true });

    expect(await posted()).toHaveLength(1);
  });

  it('lets what the handler throws reach the error handler, and tells nothing', async () => {
    const { crm, posted, rejected } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const fail = (_req: Request, _res: Response): void => {
      throw new Error('no room');
    };
    app.get(
      '/',
      afterResponse('seen', fail, () => ({ userId: 1, message: 'Seen' })),
    );
    app.use(answer500);

    await request(app).get('/').expect(500, { error: 'no room' });

    expect(await posted()).toEqual([]);
    expect(rejected).toEqual([]);
  });
});

describe('the wrapping form on Express 5', () => {
  const setStage = useStage();
  const { express } = expressVersions[1]!;

  it('lets an asynchronous rejection reach the error handler, and tells nothing', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const fail = async (_req: Request, _res: Response): Promise<void> => {
      await turn();
      throw new Error('no room');
    };
    app.get(
      '/',
      afterResponse('seen', fail, () => ({ userId: 1, message: 'Seen' })),
    );
    app.use(answer500);

    await request(app).get('/').expect(500, { error: 'no room' });

    expect(await posted()).toEqual([]);
  });
});
