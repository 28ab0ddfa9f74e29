import { inspect } from 'node:util';
import * as ours from '../../src/core/errors.js';

function loadAgain(): typeof ours {
  let copy: typeof ours | undefined;
  jest.isolateModules(() => {
    copy = jest.requireActual<typeof ours>('../../src/core/errors.js');
  });
  if (copy === undefined) throw new Error('not loaded');
  return copy;
}

describe('the errors', () => {
  const http = new ours.CRMHttpError('CRM responded 503', { status: 503, retryable: true, retryAfterMs: 7_000 });

  it('tell class, code and whether to try again', () => {
    expect(http).toBeInstanceOf(Error);
    expect(http).toBeInstanceOf(ours.CRMNotificationError);
    expect(http).toBeInstanceOf(ours.CRMHttpError);
    expect(http).not.toBeInstanceOf(ours.CRMTimeoutError);
    expect(http).toMatchObject({ name: 'CRMHttpError', code: 'ERR_CRM_HTTP', retryable: true, status: 503 });
    expect(new ours.CRMTimeoutError('late', { timeoutMs: 5 })).toMatchObject({ code: 'ERR_CRM_TIMEOUT', timeoutMs: 5 });
    expect(new ours.CRMResponseError('odd', { status: 200 })).toMatchObject({ code: 'ERR_CRM_INVALID_RESPONSE' });
    expect(new ours.CRMNotMountedError('where')).toMatchObject({ code: 'ERR_CRM_NOT_MOUNTED', retryable: false });
  });

  it('are known across two copies of the package', () => {
    const copy = loadAgain();
    expect(copy.CRMHttpError).not.toBe(ours.CRMHttpError);
    const foreign = new copy.CRMHttpError('x', { status: 500, retryable: true });
    expect(foreign).toBeInstanceOf(ours.CRMHttpError);
    expect(foreign).toBeInstanceOf(ours.CRMNotificationError);
    expect(foreign).not.toBeInstanceOf(ours.CRMConfigError);
    expect(http).toBeInstanceOf(copy.CRMHttpError);
    expect(copy.isCRMNotificationError(http)).toBe(true);
  });

  it('can be extended, and then only the extension is one of it', () => {
    class MyError extends ours.CRMHttpError {}
    const mine = new MyError('x', { status: 500, retryable: true });
    expect(mine).toBeInstanceOf(MyError);
    expect(mine).toBeInstanceOf(ours.CRMHttpError);
    expect(http).not.toBeInstanceOf(MyError);
  });

  it.each<unknown>([undefined, null, 1, 'x', {}, new Error('x'), Object.create(null)])(
    '%p is none of them',
    (value) => {
      expect(ours.isCRMNotificationError(value)).toBe(false);
    },
  );

  it('survive a proxy that has been revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(ours.isCRMNotificationError(proxy)).toBe(false);
  });

  it('keep their cause, and show it neither as JSON nor in their message', () => {
    const cause = new Error('geheim');
    const error = new ours.CRMConnectionError('not reached', { reason: 'ECONNREFUSED', cause });
    expect(error.cause).toBe(cause);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'CRMConnectionError',
      message: 'not reached',
      code: 'ERR_CRM_CONNECTION',
      retryable: true,
      reason: 'ECONNREFUSED',
    });
  });

  it('name every issue in one sentence', () => {
    const issues = [
      { path: 'userId', message: 'is missing' },
      { path: '', message: 'is odd' },
    ];
    expect(new ours.CRMValidationError(issues).message).toBe('notification is not valid: userId: is missing; is odd');
    expect(inspect(new ours.CRMConfigError(issues))).toContain('configuration is not valid');
  });
});
