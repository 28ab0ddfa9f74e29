import type { Exchange } from '../../src/client/exchange.js';
import { crmFormat } from '../../src/format/crm-format.js';
import { verdictsOn } from '../../src/target/http-target.js';
import type { Verdict } from '../../src/target/target.js';

function replied(status: number, body = '{}', headers: Record<string, string> = {}): Exchange {
  return { kind: 'reply', status, headers, body: Buffer.from(body) };
}

function verdict(exchange: Exchange, words = 'its words'): Verdict {
  const sent = { id: 'an-id', body: Buffer.from('{}') };
  const [only] = verdictsOn(exchange, [sent], crmFormat, 0, () => words);
  return only!;
}

function kindOf(status: number): Verdict['kind'] {
  return verdict(replied(status)).kind;
}

describe('the verdict', () => {
  it.each([200, 201, 202, 204, 299])('case 37: %d is delivered', (status) => {
    expect(verdict(replied(status))).toEqual({ kind: 'delivered', reach: 'responded', status, isReplyNotJson: false });
  });

  it.each(['', '<html>', '{"a":'])('case 37: 200 with the body %j is delivered, and its reply is not JSON', (body) => {
    expect(verdict(replied(200, body))).toEqual({
      kind: 'delivered',
      reach: 'responded',
      status: 200,
      isReplyNotJson: true,
    });
  });

  it.each(['deadline', 'limit', 'connection'] as const)(
    'case 45: 200 and then cut off by the %s is delivered, and its reply is not JSON',
    (cutBy) => {
      const outcome: Exchange = { kind: 'reply', status: 200, headers: {}, body: Buffer.from('{}'), cutBy };
      expect(verdict(outcome)).toEqual({ kind: 'delivered', reach: 'responded', status: 200, isReplyNotJson: true });
    },
  );

  it.each([301, 302, 303, 304, 307, 308])('case 38: %d is dead as a redirect', (status) => {
    expect(verdict(replied(status))).toMatchObject({
      kind: 'dead',
      reach: 'misdirected',
      reason: { kind: 'redirect', status },
    });
  });

  it.each([400, 402, 410, 413, 415, 418, 422, 451])('case 39: %d is dead with the reason', (status) => {
    expect(verdict(replied(status))).toEqual({
      kind: 'dead',
      reach: 'responded',
      reason: { kind: 'rejected', status, detail: 'its words' },
      isOfSeveral: false,
    });
  });

  it.each([404, 405])('case 39: %d is dead with the reason, if the URL is right', (status) => {
    expect(verdict(replied(status))).toEqual({
      kind: 'dead',
      reach: 'misdirected',
      reason: { kind: 'rejected', status, detail: 'its words' },
      isOfSeveral: false,
    });
  });

  it.each([401, 403])('case 39: %d says that the target refuses us', (status) => {
    expect(verdict(replied(status))).toEqual({ kind: 'refused', reach: 'refused', status, detail: 'its words' });
  });

  it.each([408, 409, 425, 429, 500, 502, 503, 504, 507, 520, 599, 600, 999])('case 40: %d is tried again', (status) => {
    expect(kindOf(status)).toBe('retry');
  });

  it('has the words of a reply that is tried again, in no more than 256 characters', () => {
    expect(verdict(replied(503))).toMatchObject({ kind: 'retry', detail: 'its words' });
    const long = verdict(replied(503), `${'a'.repeat(254)}😀 and more`);
    expect(long).toMatchObject({ kind: 'retry', detail: `${'a'.repeat(254)}…` });
  });

  it.each([501, 505])('case 40: %d is dead', (status) => {
    expect(kindOf(status)).toBe('dead');
  });

  it('takes Retry-After along', () => {
    expect(verdict(replied(503, '', { 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7_000 });
  });

  it.each<[exchange: Exchange, expected: Partial<Verdict>]>([
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
  ])('%j is tried again', (exchange, expected) => {
    expect(verdict(exchange)).toMatchObject({ reach: 'unreachable', ...expected });
  });
});
