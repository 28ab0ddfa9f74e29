/** A careful sender in memory: an undici pool, posted to once the response has finished. What fails is lost. */
import { Pool } from 'undici';

const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' };

export function createSender({ url }) {
  const pool = new Pool(url, { connections: 8 });
  const tell = async ({ id, userId, sessionId }) => {
    const body = JSON.stringify({
      notification_type: 'booking_created',
      user_id: userId,
      message: `Booking ${id} created`,
      timestamp: new Date().toISOString(),
      additional_data: { booking_id: id, session_id: sessionId, action: 'created' },
    });
    const answer = await pool.request({ path: '/notify', method: 'POST', headers, body });
    await answer.body.dump();
  };
  const ignore = () => undefined;
  return {
    handler: (createBooking) => (req, res) => {
      const answer = createBooking(req);
      res.once('finish', () => void tell(answer.booking).catch(ignore));
      res.status(201).json(answer);
    },
    close: () => pool.close(),
  };
}
