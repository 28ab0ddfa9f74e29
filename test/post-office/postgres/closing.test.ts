import { usePrograms } from '../../helpers/child-program.js';
import { reply } from '../../helpers/scripted-crm.js';
import { describeOnOwnPostgres } from '../../helpers/use-postgres.js';
import { useBookingApps } from './booking-app.js';
import { failures, silences } from './troubles.js';

const limitMs = 1_000;
/** What a server may take after that, and a busy machine. */
const slackMs = 500 + 1_000;

describeOnOwnPostgres('closing a notifier whose outbox’s server', () => {
  const { server, start } = useBookingApps();
  const startProgram = usePrograms();

  describe.each([...failures, ...silences])('$what', ({ begin, end }) => {
    it('takes no longer than its time limit and half a second, nor does flushing it', async () => {
      const booking = await start();
      const { app, book } = booking;
      await book(1);
      await app.flush();
      await begin(booking, server());
      await book(2);
      for (const work of [() => app.flush({ timeoutMs: limitMs }), () => app.close(limitMs)]) {
        const sinceMs = performance.now();
        await work();
        expect(performance.now() - sinceMs).toBeLessThan(limitMs + slackMs);
      }
      await end(booking, server());
    });
  });

  it('is silent from the start takes no longer, either', async () => {
    const { network, app } = await start().then((booking) => {
      booking.network.silence();
      return booking;
    });
    const sinceMs = performance.now();
    await app.close(limitMs);
    expect(performance.now() - sinceMs).toBeLessThan(limitMs + slackMs);
    network.restore();
  });

  it('is silent lets the process come to its end', async () => {
    const { network, url, crm, app } = await start();
    // It shall not lead.
    await app.close();
    crm.answerWith(reply(503));
    const program = startProgram('tell-the-crm', { args: [crm.url, url, '3', String(limitMs)] });
    await program.line('retry');
    network.silence();
    const line = await program.line('gone after');
    expect(Number(line.slice('gone after'.length))).toBeLessThan(slackMs);
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' });
  });
});
