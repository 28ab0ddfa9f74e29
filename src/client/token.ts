import type { Clock } from '../core/clock.js';
import { within } from '../core/time-limit.js';

/** Where a bearer token comes from when it is not fixed: asked once, and again after the CRM has refused the last one. */
export type TokenProvider = () => string | Promise<string>;

const maxTokenLength = 8192;

/**
 * What is wrong with a bearer token, without repeating it; undefined when it can stand in an `Authorization` header:
 * visible ASCII only (RFC 9110 section 5.5), since anything else either breaks the header or smuggles in another.
 */
export function checkToken(token: unknown): string | undefined {
  if (typeof token !== 'string') return 'must be a string, or a function that answers one';
  if (token === '') return 'must not be empty';
  if (token.length > maxTokenLength) return `must have at most ${String(maxTokenLength)} characters`;
  return /^[\u0021-\u007e]+$/.test(token) ? undefined : 'must be visible ASCII, without spaces or control characters';
}

/** A token as it was meant: without the newline an env file leaves behind it, and without the scheme's name before it. */
export function normalizeToken(token: string): string {
  // A few line breaks, not any number: the expression must stay fast on whatever a provider answers.
  return token.replace(/[\r\n]{1,8}$/, '').replace(/^Bearer +/i, '');
}

export interface TokenSource {
  /** The token to use now; rejects when the provider fails or does not answer within `timeoutMs`. */
  get(timeoutMs: number): Promise<string>;
  /** After `refused` got a 401: a newer token, or undefined when there is none to be had. */
  renew(refused: string, timeoutMs: number): Promise<string | undefined>;
  /** The tokens handed out lately, for taking them out of texts. */
  secrets(): readonly string[];
}

/** A source for a fixed token, or for one that a provider hands out. */
export function createTokenSource(token: string | TokenProvider, clock: Clock): TokenSource {
  if (typeof token === 'string') {
    return { get: () => Promise.resolve(token), renew: () => Promise.resolve(undefined), secrets: () => [token] };
  }
  let known: string | undefined;
  let previous: string | undefined;
  let asking: Promise<string> | undefined;

  const ask = async (timeoutMs: number): Promise<string> => {
    const question = (asking ??= answerOf(token));
    try {
      const answer = await within(
        question,
        timeoutMs,
        clock,
        () => new Error('the token provider did not respond in time'),
      );
      if (answer !== known) previous = known;
      known = answer;
      return answer;
    } finally {
      // An answer that failed or never comes is not waited for twice.
      if (asking === question) asking = undefined;
    }
  };

  return {
    get: async (timeoutMs) => known ?? (await ask(timeoutMs)),
    async renew(refused, timeoutMs) {
      // Another attempt was refused at the same time and has renewed it already.
      if (known !== undefined && known !== refused) return known;
      const renewed = await ask(timeoutMs);
      return renewed === refused ? undefined : renewed;
    },
    secrets: () => [known, previous].filter((secret) => secret !== undefined),
  };
}

async function answerOf(provider: TokenProvider): Promise<string> {
  const answer: unknown = await provider();
  const token = typeof answer === 'string' ? normalizeToken(answer) : answer;
  const problem = checkToken(token);
  if (problem !== undefined) throw new Error(`the token provider's answer ${problem}`);
  return token as string;
}
