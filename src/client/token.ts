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
