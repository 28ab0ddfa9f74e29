import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterBooking } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

const booking = { id: 456, userId: 123, sessionId: 789 };
const fail = (): Promise<never> => Promise.reject(new Error('of the app'));

describe('an asynchronous function where a value is expected', () => {
  const setStage = useStage();
  const { express } = expressVersions[1]!;

  // A rejection that nobody handles ends this test's process, as it would end the app's.
  it.each<[what: string, hook: RequestHandler, booking: object]>([
    ['lane', afterBooking('created', undefined, { lane: fail as never }), booking],
    ['toHexString', afterBooking('created'), { ...booking, id: { toHexString: fail, toJSON: () => 'abc' } }],
    ['toJSON', afterBooking('created'), { toJSON: fail }],
  ])('that rejects costs the notification and nothing else: %s', async (_what, hook, given) => {
    const { crm, posted, rejected } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', hook, (_req, res) => {
      res.locals['booking'] = given;
      res.status(201).json({ ok: true });
    });
    await request(app).post('/bookings').expect(201, { ok: true });
    expect(await posted()).toEqual([]);
    expect(rejected).toHaveLength(1);
  });
});
