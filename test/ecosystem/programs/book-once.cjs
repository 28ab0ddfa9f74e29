const { once } = require('node:events');

/**
 * Starts an app with a CRM of its own, books once, and prints what the CRM got. `start` gets options for the notifier. It returns
 * the notifier and the server, and what to post where if it is not `POST /bookings`. What `inspect` resolves to is printed, too.
 */
exports.bookOnce = async (start) => {
  const { startFakeCrm } = require('express-crm-notifier/testing');
  const crm = await startFakeCrm();
  const started = await start({ baseUrl: crm.url, authToken: crm.token, outbox: '.crm-outbox' });
  const { notifier, server, path = '/bookings', body = { userId: 123, sessionId: 789 }, inspect } = started;
  if (!server.listening) await once(server, 'listening');

  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const arrived = await crm.sent.waitFor({}).catch((error) => {
    throw new Error(`${error.message}; the app responded ${response.status} ${text}`);
  });
  const { pending, dead } = await notifier.flush();
  const inspected = await inspect?.();

  server.close();
  server.closeAllConnections();
  await notifier.close();
  await crm.close();
  const sent = arrived.map(({ notification_type, user_id, message, additional_data }) => ({
    notification_type,
    user_id,
    message,
    additional_data,
  }));
  const duplicateCount = crm.sent.duplicates.length;
  console.log(JSON.stringify({ result: { status: response.status, sent, duplicateCount, pending, dead, inspected } }));
};

/** The route that most programs have. */
exports.makeBooking = (req, res) => {
  res.status(201).json({ booking: { id: 456, userId: req.body.userId, sessionId: req.body.sessionId } });
};
