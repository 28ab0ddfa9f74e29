import { initTRPC } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import express from 'express';
import { createNotifier } from 'express-crm-notifier';
import { bookOnce } from './book-once.cjs';

const t = initTRPC.create();
const router = t.router({
  book: t.procedure
    .input((input) => input)
    .mutation(async ({ input: { userId, sessionId }, ctx: { crm } }) => {
      await crm.notifyBooking({ bookingId: 456, userId, sessionId, action: 'created' });
      return { id: 456 };
    }),
});

await bookOnce((options) => {
  const notifier = createNotifier(options);
  const app = express();
  app.use(notifier.middleware());
  app.use('/trpc', createExpressMiddleware({ router, createContext: ({ res }) => ({ crm: res.locals.crm }) }));
  return { notifier, server: app.listen(0, '127.0.0.1'), path: '/trpc/book' };
});
