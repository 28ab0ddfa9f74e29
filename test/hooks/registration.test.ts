import type { ErrorRequestHandler } from 'express';
import request from 'supertest';
import { afterBooking, afterEvent, afterResponse, CRMValidationError } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';

const mapper = (): undefined => undefined;

describe('registering a hook', () => {
  const words: [string, string][] = [
    ['empty', ''],
    ['with spaces', 'has been created'],
    ['with a line break', 'created\r\nX-Evil: 1'],
    ['ending in a line break', 'created\n'],
    ['of 200 characters', 'c'.repeat(200)],
    ['in capitals', 'Created'],
    ['with a hyphen', 're-created'],
    ['with a dot', 'booking.created'],
    ['beyond ASCII', 'créé'],
    ['with a NUL', 'created\0'],
  ];

  it.each(words)('case 24: an action or type %s is refused', (_what, word) => {
    for (const register of [() => afterBooking(word), () => afterEvent(word), () => afterResponse(word, mapper)]) {
      expect(register).toThrow(CRMValidationError);
      expect(register).toThrow(/(action|notificationType): must be 1 to \d\d characters of a-z, 0-9 and _/);
    }
  });

  it.each<[string, unknown]>([
    ['missing', undefined],
    ['null', null],
    ['a number', 5],
    ['an object', { toString: () => 'created' }],
  ])('case 24: an action that is %s is refused', (_what, word) => {
    expect(() => afterBooking(word as string)).toThrow(CRMValidationError);
    expect(() => afterResponse(word as string, mapper)).toThrow(CRMValidationError);
  });

  it('case 24: the type on the wire has at most 64 characters, the prefix among them', () => {
    expect(() => afterBooking('c'.repeat(56))).not.toThrow();
    expect(() => afterBooking('c'.repeat(57))).toThrow(/action: must be 1 to 56 characters/);
    expect(() => afterEvent('c'.repeat(58))).not.toThrow();
    expect(() => afterEvent('c'.repeat(59))).toThrow(/action: must be 1 to 58 characters/);
    expect(() => afterResponse('c'.repeat(64), mapper)).not.toThrow();
    expect(() => afterResponse('c'.repeat(65), mapper)).toThrow(/notificationType: must be 1 to 64 characters/);
  });

  it.each(['created', 'creatd', 'moved_2_times', '_', '0'])('case 24: an action of your own is allowed: %s', (word) => {
    expect(() => afterBooking(word)).not.toThrow();
  });

  it('refuses a missing or wrong mapper, naming the hook', () => {
    expect(() => afterResponse('seen', undefined as never)).toThrow(
      "afterResponse('seen'): mapper: must be a function, and is missing",
    );
    expect(() => afterBooking('created', null as never)).toThrow(
      "afterBooking('created'): mapper: must be a function, and is missing",
    );
    expect(() => afterBooking('created', { when: () => true } as never)).toThrow(/mapper: must be a function/);
  });

  it('F24: names the hook in every refusal', () => {
    const action = 'must be 1 to 56 characters of a-z, 0-9 and _';
    expect(() => afterBooking('Created')).toThrow(`afterBooking('Created'): action: ${action}`);
    expect(() => afterEvent('up dated')).toThrow(/^afterEvent\('up dated'\): action: /);
    expect(() => afterResponse('Seen', mapper as never)).toThrow(/^afterResponse\('Seen'\): notificationType: /);
    expect(() => afterBooking('x'.repeat(100))).toThrow(/^afterBooking\('x{64}'\): action: /);
  });

  it('refuses the whole type where the action belongs', () => {
    expect(() => afterBooking('booking_created')).toThrow(
      "afterBooking('booking_created'): action: is the whole type; leave out booking_, which is put before it",
    );
    expect(() => afterEvent('event_updated')).toThrow(/leave out event_/);
    expect(() => afterResponse('booking_created', mapper as never)).not.toThrow();
  });

  it('F24: a hook that was not called says so, when Express calls it with a request', async () => {
    const app = expressVersions[1]!.express();
    app.post('/bookings', afterBooking as never, (_req, res) => res.json({}));
    app.use(((error, _req, res, _next) => res.status(500).json({ message: error.message })) as ErrorRequestHandler);
    const { body } = (await request(app).post('/bookings').expect(500)) as { body: { message: string } };
    expect(body.message).toBe(
      "afterBooking: must be called where the route is set up, with its type as text: afterBooking('created')",
    );
  });

  it('refuses options that are none', () => {
    expect(() => afterBooking('created', undefined, 'always' as never)).toThrow(/options: must be an object/);
    expect(() => afterBooking('created', mapper, null as never)).toThrow(/options: must be an object/);
    expect(() => afterBooking('created', mapper, { status: 201 } as never)).toThrow(
      /options\.status: must be a function/,
    );
    expect(() => afterBooking('created', mapper, { stauts: () => true } as never)).toThrow(
      /^afterBooking\('created'\): options\.stauts: is no option of a hook; there are when, status, lane/,
    );
  });
});
