import type { Exchange } from '../../src/client/exchange.js';
import { decideVerdict, type Verdict, type VerdictContext } from '../../src/delivery/verdict.js';

const context: VerdictContext = { ageMs: 0, maxAgeMs: 1_000, now: 0, reasonOf: () => 'its words' };

function replied(status: number, body = '{}', headers: Record<string, string> = {}): Exchange {
  return { kind: 'reply', status, headers, body: Buffer.from(body) };
}

function kindOf(status: number): Verdict['kind'] {
  return decideVerdict(replied(status), context).kind;
}

describe('the verdict', () => {
  it.each([200, 201, 202, 204, 299])('case 37: %d is delivered', (status) => {
    expect(decideVerdict(replied(status), context)).toEqual({ kind: 'delivered', status, isReplyOdd: false });
  });

  it.each(['', '<html>', '{"a":'])('case 37: 200 with the body %j is delivered, and odd', (body) => {
    expect(decideVerdict(replied(200, body), context)).toEqual({ kind: 'delivered', status: 200, isReplyOdd: true });
  });

  it.each(['deadline', 'limit', 'connection'] as const)(
    'case 45: 200 and then cut off by the %s is delivered, and odd',
    (cutBy) => {
      const outcome: Exchange = { kind: 'reply', status: 200, headers: {}, body: Buffer.from('{}'), cutBy };
      expect(decideVerdict(outcome, context)).toEqual({ kind: 'delivered', status: 200, isReplyOdd: true });
    },
  );

  it.each([301, 302, 303, 304, 307, 308])('case 38: %d is dead as a redirect', (status) => {
    expect(decideVerdict(replied(status), context)).toMatchObject({
      kind: 'dead',
      reason: { kind: 'redirect', status },
    });
  });

  it.each([400, 402, 404, 405, 410, 413, 415, 418, 422, 451])('case 39: %d is dead with the reason', (status) => {
    expect(decideVerdict(replied(status), context)).toEqual({
      kind: 'dead',
      reason: { kind: 'rejected', status, detail: 'its words' },
    });
  });

  it.each([401, 403])('case 39: %d pauses the target', (status) => {
    expect(decideVerdict(replied(status), context)).toEqual({ kind: 'pause', status });
  });

  it.each([408, 409, 425, 429, 500, 502, 503, 504, 507, 520, 599, 600, 999])('case 40: %d is tried again', (status) => {
    expect(kindOf(status)).toBe('retry');
  });

  it.each([501, 505])('case 40: %d is dead', (status) => {
    expect(kindOf(status)).toBe('dead');
  });

  it('takes Retry-After along', () => {
    expect(decideVerdict(replied(503, '', { 'retry-after': '7' }), context)).toMatchObject({ retryAfterMs: 7_000 });
  });

  it.each<[outcome: Exchange, verdict: Partial<Verdict>]>([
    [
      { kind: 'timeout', timeoutMs: 1, wasSent: true },
      { kind: 'retry', code: 'ERR_CRM_TIMEOUT', wasSent: true },
    ],
    [
      { kind: 'timeout', timeoutMs: 1, wasSent: false },
      { kind: 'retry', wasSent: false },
    ],
    [
      { kind: 'failure', code: 'ECONNREFUSED', message: '', wasSent: false },
      { kind: 'retry', code: 'ECONNREFUSED', wasSent: false },
    ],
    [
      { kind: 'failure', code: undefined, message: '', wasSent: true },
      { kind: 'retry', code: 'ERR_CRM_CONNECTION', wasSent: true },
    ],
  ])('%j is tried again', (outcome, verdict) => {
    expect(decideVerdict(outcome, context)).toMatchObject(verdict);
  });

  it('lets one die that is too old and has failed, but not one that was delivered or only met a refused token', () => {
    const old = { ...context, ageMs: 1_001 };
    expect(decideVerdict(replied(503), old)).toMatchObject({ kind: 'dead', reason: { kind: 'expired', status: 503 } });
    expect(decideVerdict({ kind: 'timeout', timeoutMs: 1, wasSent: true }, old).kind).toBe('dead');
    expect(decideVerdict(replied(200), old).kind).toBe('delivered');
    expect(decideVerdict(replied(401), old).kind).toBe('pause');
  });
});
