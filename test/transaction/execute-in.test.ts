import { executeIn } from '../../src/transaction/execute-in.js';
import type { Transaction } from '../../src/transaction/transaction.js';
import { insertion } from './transaction-contract.js';

const throwing = (): never => {
  throw new Error('secret of a getter');
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe('what is no transaction of any driver', () => {
  it.each<[what: string, tx: unknown, problem: RegExp]>([
    [
      'nothing',
      undefined,
      /`tx` is not a transaction of pg, .*pass what the driver hands to its transaction's callback/,
    ],
    ['null', null, /not a transaction/],
    ['a text', 'tx', /not a transaction/],
    ['an object', {}, /not a transaction/],
    [
      'what only has `query`',
      { query: () => undefined },
      /crm\.in\(\(text, values\) => client\.query\(text, values\)\)/,
    ],
    ['a promise of a transaction', Promise.resolve({}), /`tx` is a promise: await it/],
    ['an object whose getters throw', new Proxy({}, { get: throwing }), /looking at its properties throws/],
    ['a function whose getters throw', new Proxy(() => undefined, { get: throwing }), /properties throws/],
    ['a proxy that was revoked', revoked.proxy, /properties throws/],
    ['a proxy that has whatever is asked for', new Proxy({}, { get: () => () => undefined }), /`tx` is /],
  ])('is refused: %s', async (_, tx, problem) => {
    const refusal = executeIn(tx as Transaction, insertion(1, 'secret'));
    await expect(refusal).rejects.toMatchObject({
      code: 'ERR_CRM_VALIDATION',
      message: expect.stringMatching(problem),
      issues: [{ path: 'tx', message: expect.stringMatching(problem) }],
    });
    await expect(refusal).rejects.not.toThrow(/secret/);
  });
});
