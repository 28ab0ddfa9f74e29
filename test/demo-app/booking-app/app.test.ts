import { inEachDatabase } from '../running-demo.js';
import type { RunningDemo } from '../running-demo.js';
import { ADA, FAY, book } from './actions.js';

inEachDatabase((runDemo) => {
  let demo: RunningDemo;

  beforeEach(async () => {
    demo = await runDemo();
  });

  afterEach(async () => {
    await demo.close();
  });

  test('health, unknown routes, malformed JSON', async () => {
    await demo.call('get', '/health').expect(200, { status: 'ok' });
    await demo.call('get', '/nowhere').expect(404, { error: 'There is no GET /nowhere' });
    await demo.call('post', '/bookings', ADA).type('json').send('{').expect(400);
    await demo.call('post', '/bookings', ADA).expect(400);
  });

  test('the facilitator can read the notifier’s counters', async () => {
    await book(demo, ADA, 1);
    const { body } = await demo.call('get', '/crm/stats', FAY).expect(200);
    expect(body).toMatchObject({ pending: expect.any(Number), delivered: expect.any(Number) });
  });

  test('an unexpected failure is 500 without details', async () => {
    await demo.query('DROP TABLE bookings');
    await demo.call('get', '/bookings', ADA).expect(500, { error: 'Something went wrong on our side' });
  });
});
