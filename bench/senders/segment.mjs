/** @segment/analytics-node as it comes: batches in memory, some retries. */
import { Analytics } from '@segment/analytics-node';

export function createSender({ url }) {
  const analytics = new Analytics({ writeKey: 'bench', host: url });
  return {
    handler: (createBooking) => (req, res) => {
      const answer = createBooking(req);
      const { id, userId, sessionId } = answer.booking;
      const properties = { booking_id: id, session_id: sessionId, action: 'created' };
      analytics.track({ userId: String(userId), event: 'booking_created', properties });
      res.status(201).json(answer);
    },
    close: () => analytics.closeAndFlush({ timeout: 60_000 }),
  };
}
