import request from 'supertest';
import { afterBooking, createNotifier } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createLogCollector } from '../helpers/log-collector.js';

describe.each(expressVersions)('an app under the fake timers of a test, on $version', ({ express }) => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('responds, although nobody moves the time', async () => {
    const logger = createLogCollector();
    const crm = createNotifier({ outbox: ':memory:', baseUrl: 'http://127.0.0.1:9', authToken: 'a-token', logger });
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.status(201).json({ booking: { id: 456, userId: 123, sessionId: 789 } });
    });
    await request(app).post('/bookings').expect(201);
    expect(await crm.stats()).toMatchObject({ accepted: 1, pending: 1 });
    // undici's close needs the timers.
    jest.useRealTimers();
    await crm.close({ timeoutMs: 1 });
  });
});
