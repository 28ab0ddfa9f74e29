import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { createNotifier } from 'express-crm-notifier';

const typeDefs = `
  type Booking { id: ID!, userId: ID!, sessionId: ID! }
  type Query { bookings: [Booking!]! }
  type Mutation { book(userId: ID!, sessionId: ID!): Booking! }
`;

const bookings = [];

const resolvers = {
  Query: { bookings: () => bookings },
  Mutation: {
    // One request may have several mutations, so the resolver notifies, not a hook on the route.
    async book(_parent, { userId, sessionId }, { crm }) {
      const booking = { id: String(456 + bookings.length), userId, sessionId };
      bookings.push(booking);
      // It never rejects. Once it has resolved, the notification is in the outbox; the CRM is not waited for.
      await crm.notifyBooking({ bookingId: booking.id, userId, sessionId, action: 'created' });
      return booking;
    },
  },
};

const notifier = createNotifier(); // CRM_BASE_URL, CRM_AUTH_TOKEN, … from the environment
await notifier.ready(); // do not start without an outbox

// Apollo would end the process at a signal, before the notifier is closed.
const apollo = new ApolloServer({ typeDefs, resolvers, stopOnTerminationSignals: false });
await apollo.start();

const app = express();
app.use(notifier.middleware());
const context = async ({ res }) => ({ crm: res.locals.crm });
app.use('/graphql', express.json(), expressMiddleware(apollo, { context }));

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`The app is at http://localhost:${server.address().port}/graphql`);
});

function stop() {
  server.close(async () => {
    await apollo.stop();
    const { pending } = await notifier.close();
    console.log(`Stopped; ${pending} notifications wait for the next start`);
  });
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
