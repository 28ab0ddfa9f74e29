/** The README's first lines as an app, with a client that books once. Prints what happened and ends by itself. */
async function oneBooking(express, { createNotifier, afterBooking }) {
  const crm = createNotifier();
  const app = express();
  app.use(crm.middleware());
  app.post('/bookings', afterBooking('created'), (req, res) => {
    res.status(201).json({ booking: { id: 456, userId: 123, sessionId: 789 } });
  });

  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const response = await fetch(`http://127.0.0.1:${server.address().port}/bookings`, { method: 'POST' });
  const body = await response.json();
  server.close();
  server.closeAllConnections();
  await crm.close();
  const { delivered, pending, dead } = await crm.stats();
  console.log(JSON.stringify({ result: { status: response.status, body, delivered, pending, dead } }));
}

exports.oneBooking = oneBooking;
