/** posthog-node as it comes, but for compression, which the collector does not undo: batches in memory, some retries. */
import { PostHog } from 'posthog-node';

export function createSender({ url }) {
  const client = new PostHog('bench', { host: url, disableCompression: true });
  return {
    handler: (createBooking) => (req, res) => {
      const answer = createBooking(req);
      const { id, userId, sessionId } = answer.booking;
      const properties = { booking_id: id, session_id: sessionId, action: 'created' };
      client.capture({ distinctId: String(userId), event: 'booking_created', properties });
      res.status(201).json(answer);
    },
    close: () => client.shutdown(60_000),
  };
}
