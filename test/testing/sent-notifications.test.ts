import type { FakeCrm, SentQuery } from 'express-crm-notifier/testing';
import { post, useFakeCrm, wireNotification } from './use-fake-crm.js';

describe('waiting for what was sent', () => {
  const start = useFakeCrm();
  let crm: FakeCrm;
  const idsOf = (sent: readonly { notification_id: string }[]) => sent.map((one) => one.notification_id);

  beforeEach(async () => {
    crm = await start();
  });

  it('resolves at once with what was already taken', async () => {
    await post(crm, wireNotification('one'));
    await post(crm, wireNotification('two', 'user_left'));
    await post(crm, wireNotification('three'));
    expect(idsOf(await crm.sent.waitFor({ type: 'user_moved' }))).toEqual(['one', 'three']);
    expect(idsOf(await crm.sent.waitFor())).toEqual(['one', 'two', 'three']);
  });

  it('resolves with the first match that arrives', async () => {
    const waiting = crm.sent.waitFor({ type: 'user_left' });
    await post(crm, wireNotification('one'));
    await post(crm, wireNotification('two', 'user_left'));
    const [sent] = await waiting;
    expect(sent.message).toBe('Secret of Ada Lovelace');
    expect(idsOf([sent])).toEqual(['two']);
  });

  it('resolves once enough were taken, past and future, each counted once', async () => {
    await post(crm, wireNotification('one'));
    let isOver = false;
    const waiting = crm.sent.waitFor({ type: 'user_moved' }, { count: 3 }).finally(() => (isOver = true));
    await post(crm, wireNotification('one'));
    await post(crm, wireNotification('two'));
    await post(crm, wireNotification('other', 'user_left'));
    expect(isOver).toBe(false);
    await post(crm, wireNotification('three'));
    expect(idsOf(await waiting)).toEqual(['one', 'two', 'three']);
  });

  it.each<[what: string, query: SentQuery | undefined, ids: readonly string[]]>([
    ['nothing', undefined, ['one', 'two', 'three']],
    ['no condition', {}, ['one', 'two', 'three']],
    ['conditions that are undefined', { type: undefined, id: undefined }, ['one', 'two', 'three']],
    ['a type', { type: 'user_left' }, ['two', 'three']],
    ['a user', { userId: 456 }, ['two']],
    ['a user whose id is a string', { userId: '456' }, ['three']],
    ['an id', { id: 'one' }, ['one']],
    ['type and user', { type: 'user_left', userId: '456' }, ['three']],
    ['a function', (sent) => sent.notification_id.includes('t'), ['two', 'three']],
  ])('selects by %s', async (_what, query, ids) => {
    await post(crm, wireNotification('one', 'user_moved', 123));
    await post(crm, wireNotification('two', 'user_left', 456));
    await post(crm, wireNotification('three', 'user_left', '456'));
    expect(idsOf(crm.sent.all(query))).toEqual(ids);
    expect(idsOf(await crm.sent.waitFor(query, { count: ids.length }))).toEqual(ids);
  });

  describe('when it fails', () => {
    it('says what was expected and what arrived instead, by types and ids', async () => {
      crm.script('ok', { status: 503 });
      await post(crm, wireNotification('one'));
      await post(crm, wireNotification('two', 'user_left'));
      await fetch(`${crm.url}/notifications?name=ada`, { method: 'POST' });
      await fetch(`${crm.url}/health`);
      const error = await errorOf(crm.sent.waitFor({ type: 'booking_created', userId: 7 }, { timeoutMs: 20 }));
      expect(error.message).toBe(
        "no notification with type 'booking_created', userId 7 was taken within 20 ms. Taken: user_moved one. " +
          'Received, but not taken: user_left two (503), POST /notifications (404).',
      );
    });

    it('says how many were taken', async () => {
      await post(crm, wireNotification('one'));
      const error = await errorOf(crm.sent.waitFor({}, { count: 2, timeoutMs: 20 }));
      expect(error.message).toMatch(/^only 1 of 2 notifications was taken within 20 ms\. Taken: user_moved one\. /);
    });

    it('says how many were taken of several that match', async () => {
      for (const id of ['one', 'two']) await post(crm, wireNotification(id));
      const error = await errorOf(crm.sent.waitFor({ type: 'user_moved' }, { count: 3, timeoutMs: 20 }));
      expect(error.message).toMatch(/^only 2 of 3 notifications with type 'user_moved' were taken within 20 ms\. /);
    });

    it('asks about baseUrl when nothing arrived', async () => {
      const error = await errorOf(crm.sent.waitFor(() => true, { timeoutMs: 20 }));
      expect(error.message).toMatch(/^no notification that matches the function was taken .*: is baseUrl .*\?$/);
    });

    it('names a request that hangs, and at most 20 notifications', async () => {
      await Promise.all(Array.from({ length: 25 }, (_, index) => post(crm, wireNotification(`id-${index}`))));
      crm.script('hang');
      const hanging = errorOf(post(crm, wireNotification('last')));
      await crm.waitForRequests(26);
      const { message } = await errorOf(crm.sent.waitFor({ type: 'none' }, { timeoutMs: 20 }));
      expect(message).toContain(', and 5 more. Received, but not taken: user_moved last (no response).');
      await crm.close();
      await hanging;
    });
  });

  it('rejects with what the function throws, and leaves other waits alone', async () => {
    const waiting = errorOf(
      crm.sent.waitFor(() => {
        throw new Error('not as expected');
      }),
    );
    const other = crm.sent.waitFor();
    expect((await post(crm, wireNotification('one'))).status).toBe(200);
    expect((await waiting).message).toBe('not as expected');
    await other;
  });

  it.each<[what: string, wait: () => Promise<unknown>, message: string]>([
    [
      'an unknown key',
      () => crm.sent.waitFor({ tpye: 'a' } as object),
      'the query has no key tpye; its keys are type, userId, id',
    ],
    ['a query that is a string', () => crm.sent.waitFor('booking_created' as never), 'the query must be an object'],
    ['a count of 0', () => crm.sent.waitFor({}, { count: 0 }), 'count must be a whole number from 1 on'],
    ['a fractional count', () => crm.waitForRequests(1.5), 'count must be a whole number from 1 on'],
    [
      'a limit that is not a number',
      () => crm.sent.waitFor({}, { timeoutMs: NaN }),
      'timeoutMs must be a number from 0 on',
    ],
    ['a negative limit', () => crm.waitForRequests(1, { timeoutMs: -1 }), 'timeoutMs must be a number from 0 on'],
  ])('refuses %s with a TypeError', async (_what, wait, message) => {
    const error = await errorOf(wait());
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(message);
  });
});

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('did not reject');
    },
    (error: unknown) => error as Error,
  );
}
