// An app whose GraphQL mutation notifies the CRM: `node apollo.mjs 5` for the version of Apollo Server.

import { ApolloServer } from '@apollo/server';
import express from 'express';
import { createNotifier } from 'express-crm-notifier';
import { bookOnce } from './book-once.cjs';

const integration = process.argv[2] === '4' ? '@apollo/server/express4' : '@as-integrations/express5';
const { expressMiddleware } = await import(integration);

const typeDefs = `
  type Booking { id: Int! }
  type Query { bookings: [Booking!]! }
  type Mutation { book(userId: Int!, sessionId: Int!): Booking! }
`;
const resolvers = {
  Query: { bookings: () => [] },
  Mutation: {
    async book(parent, { userId, sessionId }, { crm }) {
      await crm.notifyBooking({ bookingId: 456, userId, sessionId, action: 'created' });
      return { id: 456 };
    },
  },
};

await bookOnce(async (options) => {
  const notifier = createNotifier(options);
  const apollo = new ApolloServer({ typeDefs, resolvers });
  await apollo.start();
  const app = express();
  app.use(notifier.middleware());
  const context = async ({ res }) => ({ crm: res.locals.crm });
  app.use('/graphql', express.json(), expressMiddleware(apollo, { context }));
  const body = { query: 'mutation { book(userId: 123, sessionId: 789) { id } }' };
  return { notifier, server: app.listen(0, '127.0.0.1'), path: '/graphql', body, inspect: () => apollo.stop() };
});
