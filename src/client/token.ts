import type { Clock } from '../core/clock.js';
import { within } from '../core/time-limit.js';

/**
 * Returns a bearer token that is not fixed. It is called once, and again after the CRM has refused the last token.
 *
 * @example
 * const provider: TokenProvider = async () => (await vault.read('crm')).token;
 */
export type TokenProvider = () => string | Promise<string>;

const maxTokenLength = 8192;

/**
 * What is wrong with a bearer token, without repeating it; undefined when it can be sent in an `Authorization` header: visible
 * ASCII only (RFC 9110 section 5.5), because anything else breaks the header or adds another one.
 */
export function checkToken(token: unknown): string | undefined {
  if (typeof token !== 'string') return 'must be a string, or a function that returns one';
  if (token === '') return 'must not be empty';
  if (token.length > maxTokenLength) return `must have at most ${String(maxTokenLength)} characters`;
  return /^[\u0021-\u007e]+$/.test(token) ? undefined : 'must be visible ASCII, without spaces or control characters';
}

/** Drops the line break that an env file may leave after a token, and the scheme's name before it. */
export function normalizeToken(token: string): string {
  // A few line breaks, not any number: the expression must stay fast on anything a provider returns.
  return token.replace(/[\r\n]{1,8}$/, '').replace(/^Bearer +/i, '');
}

export interface TokenSource {
  /** Resolves with the token to use now; rejects when the provider fails or does not return one within `timeoutMs`. */
  get(timeoutMs: number): Promise<string>;
  /** After a 401 for the token `refused`: resolves with a newer token, or undefined when there is none. */
  renew(refused: string, timeoutMs: number): Promise<string | undefined>;
  /** The tokens used lately, so that they can be removed from texts. */
  secrets(): readonly string[];
}

/** Creates a source for a fixed token, or for the tokens of a provider, which is asked again while the last one `isExpiring`. */
export function createTokenSource(
  token: string | TokenProvider,
  clock: Clock,
  isExpiring: () => boolean = () => false,
): TokenSource {
  if (typeof token === 'string') {
    return { get: () => Promise.resolve(token), renew: () => Promise.resolve(undefined), secrets: () => [token] };
  }
  let known: string | undefined;
  let previous: string | undefined;
  let pendingRequest: Promise<string> | undefined;

  /** Of the calls of the provider: how many there were, and which one returned the known token. */
  let callCount = 0;
  let knownCall = 0;

  /** Keeps what the provider returns, even after nobody waits for it: a slow one gives no token otherwise. */
  const call = async (): Promise<string> => {
    callCount += 1;
    const thisCall = callCount;
    const received = await callProvider(token);
    if (thisCall < knownCall) return received;
    if (received !== known) previous = known;
    known = received;
    knownCall = thisCall;
    return received;
  };

  const requestToken = async (timeoutMs: number): Promise<string> => {
    const request = (pendingRequest ??= call());
    try {
      return await within(request, timeoutMs, clock, () => new Error('the token provider did not respond in time'));
    } finally {
      // A call that failed or never returns is not awaited twice.
      if (pendingRequest === request) pendingRequest = undefined;
    }
  };

  return {
    get: async (timeoutMs) => (known === undefined || isExpiring() ? requestToken(timeoutMs) : known),
    async renew(refused, timeoutMs) {
      // Another attempt was refused at the same time and has already renewed the token.
      if (known !== undefined && known !== refused) return known;
      const renewed = await requestToken(timeoutMs);
      return renewed === refused ? undefined : renewed;
    },
    secrets: () => [known, previous].filter((secret) => secret !== undefined),
  };
}

async function callProvider(provider: TokenProvider): Promise<string> {
  const received: unknown = await provider();
  const token = typeof received === 'string' ? normalizeToken(received) : received;
  const problem = checkToken(token);
  if (problem !== undefined) throw new Error(`what the token provider returned ${problem}`);
  return token as string;
}
