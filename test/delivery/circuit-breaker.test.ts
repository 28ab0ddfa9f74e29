import { createCircuitBreaker, type CircuitBreaker } from '../../src/delivery/circuit-breaker.js';
import type { PauseCause } from '../../src/delivery/pause-reports.js';

const knownUrl = { isKnown: false, remember: () => undefined };
const noDraw = { knownUrl, firstDelayMs: 500, maxDelayMs: 5_000, maxPauseMs: 30_000, timeoutMs: 10_000 };

describe('the circuit breaker', () => {
  let told: (PauseCause | 'resumed')[];
  let draw: number;

  const create = (given: { failureThreshold?: number; concurrency?: number } = {}): CircuitBreaker =>
    createCircuitBreaker({
      ...noDraw,
      concurrency: 8,
      failureThreshold: 3,
      ...given,
      random: () => draw,
      onPause: (cause) => told.push(cause),
      onResume: () => told.push('resumed'),
    });
  /** One that has just opened, at the instant 0. */
  const createOpen = (): CircuitBreaker => {
    const breaker = create({ failureThreshold: 1 });
    breaker.onUnreachable(0, 'ECONNREFUSED');
    return breaker;
  };
  /** How long the circuit is open, by asking when it lets a probe through. */
  const waitMs = (breaker: CircuitBreaker, nowMs: number): number => {
    const inMs = breaker.probeInMs(nowMs)!;
    expect(breaker.allowed(nowMs + inMs - 1)).toBe(0);
    expect(breaker.allowed(nowMs + inMs)).toBe(1);
    return inMs;
  };

  beforeEach(() => {
    told = [];
    draw = 0;
  });

  describe('closed', () => {
    it('allows as many attempts as there may be', () => {
      const breaker = create();
      expect([breaker.state, breaker.allowed(0), breaker.probeInMs(0)]).toEqual(['closed', 8, undefined]);
      breaker.onStart();
      breaker.onResponse();
      expect([breaker.state, breaker.allowed(0), told]).toEqual(['closed', 8, []]);
    });

    it('opens after failureThreshold failures in a row, and says why, once', () => {
      const breaker = create();
      breaker.onUnreachable(0, 'ECONNREFUSED');
      breaker.onUnreachable(0, 'ECONNREFUSED');
      expect([breaker.state, told]).toEqual(['closed', []]);
      breaker.onUnreachable(0, 'ETIMEDOUT');
      breaker.onUnreachable(0, 'ECONNREFUSED');
      expect([breaker.state, told]).toEqual(['open', [{ kind: 'unreachable', code: 'ETIMEDOUT' }]]);
    });

    it('counts from nothing after an answer', () => {
      const breaker = create();
      for (let round = 0; round < 5; round += 1) {
        breaker.onUnreachable(0, 'ECONNRESET');
        breaker.onUnreachable(0, 'ECONNRESET');
        breaker.onResponse();
      }
      expect([breaker.state, told]).toEqual(['closed', []]);
    });

    it('opens at the first 401 or 403', () => {
      const breaker = create();
      breaker.onUnauthorised(0, 401);
      expect([breaker.state, told]).toEqual(['open', [{ kind: 'unauthorised', status: 401 }]]);
    });
  });

  describe('open', () => {
    it('allows nothing until the wait is over, then one', () => {
      const breaker = createOpen();
      expect([breaker.allowed(0), breaker.probeInMs(0)]).toEqual([0, 250]);
      expect([breaker.allowed(249), breaker.probeInMs(249)]).toEqual([0, 1]);
      expect([breaker.allowed(250), breaker.probeInMs(250)]).toEqual([1, 0]);
      expect(breaker.probeInMs(99_999)).toBe(0);
    });

    it('waits half of the time for certain and draws the other half', () => {
      draw = 0.5;
      expect(createOpen().probeInMs(0)).toBe(375);
      draw = 1 - Number.EPSILON;
      expect(createOpen().probeInMs(0)).toBe(500);
    });

    it('does not wait longer for stragglers that fail', () => {
      const breaker = createOpen();
      breaker.onUnreachable(100, 'ECONNREFUSED');
      breaker.onUnauthorised(100, 401);
      expect([breaker.probeInMs(100), told.length]).toEqual([150, 1]);
    });

    it('closes when a straggler is answered: then the CRM can be reached', () => {
      const breaker = createOpen();
      breaker.onResponse();
      expect([breaker.state, told.at(-1)]).toEqual(['closed', 'resumed']);
    });

    it('stays open for a refused token when a straggler is answered, which was sent before', () => {
      const breaker = create();
      breaker.onUnauthorised(0, 401);
      breaker.onResponse();
      breaker.onResponse();
      expect([breaker.state, told]).toEqual(['open', [{ kind: 'unauthorised', status: 401 }]]);
    });
  });

  describe('half-open', () => {
    const createHalfOpen = (): CircuitBreaker => {
      const breaker = createOpen();
      breaker.onStart();
      return breaker;
    };

    it('allows nothing besides the probe', () => {
      const breaker = createHalfOpen();
      expect([breaker.state, breaker.allowed(99_999), breaker.probeInMs(250)]).toEqual(['half-open', 0, undefined]);
    });

    it('opens again when the probe fails, without a word', () => {
      const breaker = createHalfOpen();
      breaker.onUnreachable(250, 'ECONNREFUSED');
      expect([breaker.state, told.length]).toEqual(['open', 1]);
    });

    it('doubles the wait with each failed probe, up to maxDelayMs', () => {
      const breaker = createOpen();
      const waits: number[] = [];
      for (let nowMs = 0; waits.length < 8;) {
        waits.push(waitMs(breaker, nowMs));
        nowMs += waits.at(-1)!;
        breaker.onStart();
        breaker.onUnreachable(nowMs, 'ECONNREFUSED');
      }
      expect(waits).toEqual([250, 500, 1_000, 2_000, 2_500, 2_500, 2_500, 2_500]);
    });

    it('waits up to maxPauseMs for a token', () => {
      const breaker = create();
      breaker.onUnauthorised(0, 403);
      const waits: number[] = [];
      for (let nowMs = 0; waits.length < 8;) {
        waits.push(waitMs(breaker, nowMs));
        nowMs += waits.at(-1)!;
        breaker.onStart();
        breaker.onUnauthorised(nowMs, 403);
      }
      expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
      expect(told).toHaveLength(1);
    });

    it('does not overflow, however often the probe fails', () => {
      const breaker = createOpen();
      for (let probe = 0; probe < 5_000; probe += 1) {
        breaker.onStart();
        breaker.onUnreachable(0, 'ECONNREFUSED');
      }
      expect(breaker.probeInMs(0)).toBe(2_500);
    });

    it('says so when the reason changes: a CRM that is back, and then refuses the token', () => {
      const breaker = createHalfOpen();
      breaker.onUnauthorised(250, 401);
      breaker.onStart();
      breaker.onUnauthorised(1_000, 403);
      expect(told).toEqual([
        { kind: 'unreachable', code: 'ECONNREFUSED' },
        { kind: 'unauthorised', status: 401 },
      ]);
    });

    it('closes when the probe is answered, and forgets how long it waited', () => {
      const breaker = createHalfOpen();
      breaker.onUnreachable(0, 'ECONNREFUSED');
      breaker.onStart();
      breaker.onResponse();
      expect([breaker.state, breaker.probeInMs(0), told.at(-1)]).toEqual(['closed', undefined, 'resumed']);
      breaker.onUnreachable(0, 'ECONNREFUSED');
      expect(breaker.probeInMs(0)).toBe(250);
    });
  });

  describe('after closing', () => {
    it('lets one attempt more with every tenth answer, up to the concurrency', () => {
      const breaker = createOpen();
      breaker.onStart();
      const allowed: number[] = [];
      for (let answer = 1; answer <= 90; answer += 1) {
        breaker.onResponse();
        if (answer % 10 === 9 || answer % 10 === 0) allowed.push(breaker.allowed(0));
      }
      expect(allowed).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 8, 8, 8]);
    });

    it('never allows more than a concurrency of 1', () => {
      const breaker = create({ concurrency: 1, failureThreshold: 1 });
      breaker.onUnreachable(0, 'ECONNREFUSED');
      breaker.onStart();
      breaker.onResponse();
      breaker.onResponse();
      expect(breaker.allowed(0)).toBe(1);
    });

    it('needs the whole failureThreshold to open again', () => {
      const breaker = create();
      for (let failure = 0; failure < 3; failure += 1) breaker.onUnreachable(0, 'ECONNREFUSED');
      breaker.onStart();
      breaker.onResponse();
      breaker.onUnreachable(0, 'ECONNREFUSED');
      breaker.onUnreachable(0, 'ECONNREFUSED');
      expect(breaker.state).toBe('closed');
    });
  });
});
