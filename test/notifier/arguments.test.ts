import {
  afterBooking,
  CRMConfigError,
  CRMValidationError,
  createNotifier,
  type Notifier,
  type NotifierOptions,
} from '../../src/index.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { useCrm } from '../helpers/use-crm.js';

/** As a caller without types passes them. */
type Untyped = Record<string, (...given: readonly unknown[]) => Promise<unknown>>;

describe('the calls of a notifier', () => {
  const create = useNotifiers();
  const startCrm = useCrm();
  let notifier: Notifier;
  let calls: Untyped;
  beforeEach(async () => {
    ({ notifier } = create({ baseUrl: (await startCrm()).url }));
    calls = notifier as unknown as Untyped;
  });

  it.each(['minutes', 'countsByType', 'changes'])('crm.%s() takes an instant, and refuses all else', async (name) => {
    for (const from of [NaN, Infinity, -1, '2026-11-24', null, undefined, 2 ** 60, {}]) {
      const refused = calls[name]!(from);
      await expect(refused).rejects.toBeInstanceOf(CRMValidationError);
      await expect(refused).rejects.toThrow(`crm.${name}(): from: must be an instant in milliseconds since 1970`);
    }
    await calls[name]!(0);
    await calls[name]!(performance.timeOrigin + 0.25);
  });

  it('refuse what is no object of options, and for a pause an option that is mistyped: all would be paused', async () => {
    const lists = notifier.pending as unknown as Untyped;
    const letters = notifier.deadLetters as unknown as Untyped;
    for (const given of [null, 'sales', 7, ['sales']]) {
      for (const [call, ask] of [
        ['crm.pause', () => calls['pause']!(given)],
        ['crm.resume', () => calls['resume']!(given)],
        ['crm.pending.list', () => lists['list']!(given)],
        ['crm.deadLetters.discardAll', () => letters['discardAll']!(given)],
      ] as const) {
        await expect(ask()).rejects.toThrow(`${call}(): takes an object, or nothing`);
      }
    }
    const mistyped = calls['pause']!({ targets: 'sales' });
    await expect(mistyped).rejects.toThrow('crm.pause(): has an option that it does not know; there are target, by');
    expect((await notifier.stats()).targets['crm']?.pausedByHand).toBeNull();
  });

  it('refuse a filter with a name that they do not know, or a value of another kind: all would match', async () => {
    const { deadLetters, pending, delivered } = notifier as unknown as Record<string, Untyped>;
    const unknown = 'has an option that it does not know; there are search, target, type, lane, from, to';
    for (const [call, ask] of [
      ['crm.deadLetters.discardAll', () => deadLetters!['discardAll']!({ serch: 'no such user' })],
      ['crm.deadLetters.redeliverAll', () => deadLetters!['redeliverAll']!({ Type: 'a' })],
      ['crm.deadLetters.list', () => deadLetters!['list']!({ after: 1 })],
      ['crm.pending.count', () => pending!['count']!({ limit: 1 })],
      ['crm.delivered.list', () => delivered!['list']!({ status: 200 })],
    ] as const) {
      const refused = ask();
      await expect(refused).rejects.toBeInstanceOf(CRMValidationError);
      await expect(refused).rejects.toThrow(`${call}(): ${unknown}`);
    }
    for (const [filter, problem] of [
      [{ type: null }, 'type: must be a text'],
      [{ status: '422' }, 'status: must be a number'],
      [{ from: NaN }, 'from: must be a number'],
      [{ from: new Date() }, 'from: must be a number'],
      [{ ids: 'one' }, 'ids: must be a list of at most 1000 ids'],
      [{ ids: Array.from({ length: 1_001 }, String) }, 'ids: must be a list of at most 1000 ids'],
      [{ ids: [7] }, 'ids: must be a list of at most 1000 ids'],
    ] as const) {
      await expect(deadLetters!['discardAll']!(filter)).rejects.toThrow(`crm.deadLetters.discardAll(): ${problem}`);
    }
    await expect(pending!['count']!({ attempts: 2 })).rejects.toThrow("attempts: must be 'none' or 'some'");
    expect(await deadLetters!['discardAll']!({ from: 0, to: Infinity, search: undefined })).toBe(0);
  });

  it('refuse an id or a target that is none, and take no limit for the usual one', async () => {
    for (const name of ['find', 'timeline', 'tryNow', 'requests']) {
      await expect(calls[name]!(null)).rejects.toThrow(`crm.${name}(): id: must be the id of a notification, a text`);
    }
    const { deadLetters } = notifier as unknown as Record<string, Untyped>;
    for (const target of [null, 7, Symbol('crm'), {}]) {
      await expect(calls['tryNow']!('id', target)).rejects.toThrow(
        'crm.tryNow(): target: must be the name of a target',
      );
      await expect(deadLetters!['discard']!('id', target)).rejects.toThrow('discard(): target: must be the name');
    }
    expect(await calls['flush']!(null)).toEqual({ delivered: 0, pending: 0, dead: 0 });
    expect(await calls['close']!('1s')).toEqual({ delivered: 0, pending: 0, dead: 0 });
  });

  it('say that what they are given cannot be read, without what a getter of it throws', async () => {
    const hostile = (name: string): object =>
      Object.defineProperty({}, name, {
        enumerable: true,
        get() {
          throw new Error('ada@example.com');
        },
      });
    const { deadLetters, pending, delivered } = notifier as unknown as Record<string, Untyped>;
    const cannot = 'cannot be read: reading one of its properties throws';
    for (const [call, ask] of [
      ['crm.pause', () => calls['pause']!(hostile('target'))],
      ['crm.resume', () => calls['resume']!(hostile('by'))],
      ['crm.deadLetters.list', () => deadLetters!['list']!(hostile('limit'))],
      ['crm.deadLetters.discardAll', () => deadLetters!['discardAll']!(hostile('type'))],
      ['crm.pending.count', () => pending!['count']!(hostile('lane'))],
      ['crm.delivered.list', () => delivered!['list']!(hostile('before'))],
    ] as const) {
      const refused = ask();
      await expect(refused).rejects.toBeInstanceOf(CRMValidationError);
      await expect(refused).rejects.toThrow(`${call}(): ${cannot}`);
    }
    await expect(deadLetters!['discardAll']!({ ids: new Proxy(['a'], hostile('get')) })).rejects.toThrow(
      `crm.deadLetters.discardAll(): ids: ${cannot}`,
    );
    const { error } = (await calls['notify']!(hostile('notificationType'))) as { readonly error: Error };
    expect(error).toBeInstanceOf(CRMValidationError);
    expect(error.message).toBe(`notification is not valid: ${cannot}`);
    const none = { delivered: 0, pending: 0, dead: 0 };
    expect(await calls['flush']!(hostile('timeoutMs'))).toEqual(none);
    const middleware = (): unknown => notifier.middleware(hostile('pushBack'));
    expect(middleware).toThrow(`middleware: ${cannot}`);
    expect(() => afterBooking('created', undefined, hostile('when'))).toThrow(`options: ${cannot}`);
    for (const [options, path] of [
      [hostile('authToken'), 'authToken (CRM_AUTH_TOKEN)'],
      [hostile('env'), 'env'],
      [{ retry: hostile('maxDelayMs') }, 'retry.maxDelayMs'],
      [{ tls: hostile('ca') }, 'tls'],
      [{ targets: hostile('sales') }, 'targets'],
      [{ targets: { sales: hostile('baseUrl') } }, 'targets.sales.baseUrl'],
    ] as const) {
      let thrown: unknown;
      try {
        createNotifier(options as NotifierOptions);
      } catch (caught) {
        thrown = caught;
      }
      expect(thrown).toBeInstanceOf(CRMConfigError);
      expect((thrown as Error).message).toContain(path);
      expect((thrown as Error).message).toContain(cannot);
    }
    expect(await calls['close']!(hostile('timeoutMs'))).toEqual(none);
  });

  it('take what an object of a class inherits: left out, all would be paused or discarded', async () => {
    const { deadLetters } = notifier as unknown as Record<string, Untyped>;
    const chosen: unknown = Object.create({ target: 7 });
    await expect(calls['pause']!(chosen)).rejects.toThrow('target: is not configured; there is crm');
    await expect(deadLetters!['discardAll']!(chosen)).rejects.toThrow('target: must be a text');
  });
});
