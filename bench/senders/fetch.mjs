/** What one writes by hand: a fetch in the handler, awaited or not. What fails is lost. */
const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' };

export function createSender({ url, isAwaited }) {
  const tell = async ({ id, userId, sessionId }) => {
    const body = JSON.stringify({
      notification_type: 'booking_created',
      user_id: userId,
      message: `Booking ${id} created`,
      timestamp: new Date().toISOString(),
      additional_data: { booking_id: id, session_id: sessionId, action: 'created' },
    });
    const answer = await fetch(`${url}/notify`, { method: 'POST', headers, body });
    await answer.arrayBuffer();
  };
  const ignore = () => undefined;
  return {
    handler: (createBooking) => async (req, res) => {
      const answer = createBooking(req);
      const told = tell(answer.booking).catch(ignore);
      if (isAwaited) await told;
      res.status(201).json(answer);
    },
  };
}
