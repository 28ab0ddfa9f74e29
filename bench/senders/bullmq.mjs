/** BullMQ: the job is in Redis before the response goes out; a worker in a process of its own posts it. */
import { Queue } from 'bullmq';

export function createSender() {
  const queue = new Queue('bench', { connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) } });
  return {
    handler: (createBooking) => async (req, res) => {
      const answer = createBooking(req);
      const { id, userId, sessionId } = answer.booking;
      const additional_data = { booking_id: id, session_id: sessionId, action: 'created' };
      const data = { notification_type: 'booking_created', user_id: userId, message: `Booking ${id} created` };
      await queue.add('booking', { ...data, additional_data }, { removeOnComplete: true });
      res.status(201).json(answer);
    },
    close: () => queue.close(),
  };
}
