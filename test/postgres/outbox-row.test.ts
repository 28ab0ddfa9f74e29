import { Client } from 'pg';
import { createNotifier } from '../../src/index.js';
import { outboxRow, postgresOutbox } from '../../src/postgres/index.js';
import { startFakeCrm } from '../../src/testing/index.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';

const booking = { bookingId: 456, userId: 123, sessionId: 789, action: 'created' };

describe('outboxRow', () => {
  it('is the row that notifyBooking writes, with an id of its own', () => {
    const row = outboxRow(booking);
    expect(row).toMatchObject({ target: 'crm', type: 'booking_created', lane: 'booking:456', traceparent: null });
    expect(JSON.parse(row.body)).toMatchObject({
      notification_id: row.id,
      notification_type: 'booking_created',
      user_id: 123,
      additional_data: { booking_id: 456, session_id: 789, action: 'created' },
    });
    expect(new Date(row.occurred_at).toISOString()).toBe((JSON.parse(row.body) as { timestamp: string }).timestamp);
    expect(outboxRow(booking).id).not.toBe(row.id);
  });

  it('takes events and general notifications as well', () => {
    expect(outboxRow({ eventId: 101, userId: 1, action: 'updated' }).type).toBe('event_updated');
    expect(outboxRow({ notificationType: 'user_registered', userId: 1, message: 'New user' }).lane).toBe('user:1');
  });

  it('throws with every issue, and writes no NUL, which PostgreSQL cannot hold', () => {
    expect(() => outboxRow({ ...booking, bookingId: 0, action: 'Created!' })).toThrow(/bookingId.*action/);
    expect(() => outboxRow(undefined as never)).toThrow('must be an object with the fields of the notification');
    const lane = outboxRow({ notificationType: 'a', userId: 1, message: 'm', lane: 'a\0b' }).lane;
    expect(lane).toBe('a␀b');
  });
});

describeOnPostgres('a row that the app wrote by a model of its own', () => {
  const freshUrl = usePostgres();

  it('is delivered once its transaction is committed', async () => {
    const connectionString = await freshUrl();
    await using crm = await startFakeCrm();
    await using notifier = createNotifier({
      baseUrl: crm.url,
      authToken: crm.token,
      logger: createLogCollector(),
      outbox: postgresOutbox({ connectionString }),
      thread: false,
      env: {},
    });
    await notifier.ready();
    const client = new Client({ connectionString });
    await client.connect();
    const row = outboxRow(booking);
    await client.query('BEGIN');
    const names = Object.keys(row).join(', ');
    await client.query(`INSERT INTO crm_outbox (${names}) VALUES ($1, $2, $3, $4, $5, $6, $7)`, Object.values(row));
    await client.query('COMMIT');
    await client.end();
    const [request] = await crm.waitForRequests(1);
    expect(request?.headers['idempotency-key']).toBe(row.id);
  });
});
