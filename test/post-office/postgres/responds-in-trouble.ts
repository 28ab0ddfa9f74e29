import { eventually } from '../../demo-app/eventually.js';
import { median } from '../../../bench/median.js';
import { holdMs, useBookingApps } from './booking-app.js';
import type { Trouble } from './troubles.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => 1 + index);
/** A busy machine is late; who waited for the server would wait until it is given up. */
const slackMs = 2_000;

/** What the clients of an app rely on while its outbox's server is in trouble, and the CRM afterwards. */
export function describeResponses(troubles: readonly Trouble[]): void {
  const { server, start } = useBookingApps();

  describe.each(troubles)('$what', ({ begin, end, reported, isFailing }) => {
    it('responds within holdMs, and then at once; says why; and delivers all afterwards, of a lane in order', async () => {
      const booking = await start();
      const { app, book, bookingsAtCrm } = booking;
      for (const bookingId of [1, 2, 3]) await book(bookingId, 'a');
      await app.flush();
      await begin(booking, server());
      const tookMs: number[] = [];
      let bookingId = 3;
      const failed = { isTold: false };
      if (isFailing) void app.hear('outboxFailed', 2).then(() => (failed.isTold = true));
      for (; bookingId < 13 || (isFailing && !failed.isTold);) {
        bookingId += 1;
        tookMs.push(await book(bookingId, 'a'));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(Math.max(...tookMs)).toBeLessThan(holdMs + slackMs);
      // Once it is known to be silent, nobody waits.
      if (isFailing) expect(median(tookMs)).toBeLessThan(holdMs);
      await end(booking, server());
      await eventually('all are delivered', () => bookingsAtCrm().length === bookingId || undefined);
      expect(bookingsAtCrm()).toEqual(range(bookingId));
      await app.flush();
      expect(await app.stats()).toMatchObject({ pending: 0, unsaved: 0, dead: 0, rejected: 0 });
      const errors = app.log.at('error').map(({ message }) => message);
      for (const message of errors) expect(message).toMatch(reported);
      // Each kind of work once, and that nothing is held.
      expect(errors.length).toBeLessThanOrEqual(6);
      expect(errors.length > 0).toBe(isFailing);
    }, 40_000);
  });
}
