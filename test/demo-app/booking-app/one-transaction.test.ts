import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { runDemo } from '../running-demo.js';
import type { RunningDemo } from '../running-demo.js';
import { ADA, book } from './actions.js';

describeOnPostgres('a change of a booking in PostgreSQL and its notification', () => {
  const createDatabase = usePostgres();
  let demo: RunningDemo;

  beforeEach(async () => {
    demo = await runDemo(await createDatabase());
  });
  afterEach(async () => {
    await demo.close();
  });

  test('are one transaction: without the notification there is no change', async () => {
    const { id } = await book(demo, ADA, 1);
    await demo.arrived();
    await demo.query('ALTER TABLE crm_outbox RENAME TO elsewhere');
    await demo.call('post', '/bookings', ADA).send({ session_id: 2 }).expect(500);
    await demo.call('delete', `/bookings/${id}`, ADA).expect(500);
    await demo.query('ALTER TABLE elsewhere RENAME TO crm_outbox');

    const { body } = await demo.call('get', '/bookings', ADA).expect(200);
    expect(body).toEqual({ bookings: [expect.objectContaining({ id, status: 'active' })] });
    await demo.call('delete', `/bookings/${id}`, ADA).expect(200);
    const types = (await demo.arrived()).map(({ notification_type }) => notification_type);
    expect(types).toEqual(['booking_created', 'booking_cancelled']);
  });

  test('are in one order for both apps: whoever changes the booking next waits for its row', async () => {
    const { id } = await book(demo, ADA, 1);
    const actions = Array.from({ length: 20 }, () => [
      demo.call('delete', `/bookings/${id}`, ADA),
      demo.call('post', `/bookings/${id}/reactivate`, ADA),
    ]).flat();
    const changed = (await Promise.all(actions)).filter(({ status }) => status === 200);
    const { body } = await demo.call('get', '/bookings', ADA);
    const types = (await demo.arrived()).map(({ notification_type }) => notification_type);
    expect(types).toHaveLength(1 + changed.length);
    // Created, cancelled, reactivated, cancelled, …: the CRM's last word is the booking's state.
    for (const [index, type] of types.entries()) {
      expect(type).toBe(
        index === 0 ? 'booking_created' : index % 2 === 1 ? 'booking_cancelled' : 'booking_reactivated',
      );
    }
    expect(body).toMatchObject({ bookings: [{ status: types.length % 2 === 1 ? 'active' : 'cancelled' }] });
  });
});
