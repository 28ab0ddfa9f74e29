import { CRMConfigError, type Issue } from '../../core/errors.js';

/** Returns what is wrong with an option and what would be right, without repeating its value; undefined if it is valid. */
export type OptionCheck = (value: unknown) => string | undefined;

/**
 * Checks the options of a format, for JavaScript and for values that come from outside. Throws `CRMConfigError` with every
 * problem, each under a path such as `segment.writeKey`.
 */
export function checkOptions<Options extends object>(
  format: string,
  options: Options,
  checks: { readonly [Name in keyof Required<Options>]: OptionCheck },
): void {
  const names = Object.keys(checks) as (keyof Options & string)[];
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new CRMConfigError([{ path: format, message: `must be called with an object of ${names.join(', ')}` }]);
  }
  const issues: Issue[] = [];
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(checks, name)) continue;
    issues.push({ path: `${format}.${name}`, message: `is not an option; the options are ${names.join(', ')}` });
  }
  for (const name of names) {
    const message = checks[name](options[name]);
    if (message !== undefined) issues.push({ path: `${format}.${name}`, message });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
}

/** Allows leaving an option out. */
export const optional =
  (check: OptionCheck): OptionCheck =>
  (value) =>
    value === undefined ? undefined : check(value);

/** For options that are called with the facts of a notification. `what` is what the function returns. */
export const functionThatReturns =
  (what: string): OptionCheck =>
  (value) =>
    typeof value === 'function' ? undefined : `must be a function that takes the notification and returns ${what}`;

/** For a part of Basic credentials (RFC 7617), which a colon, a space or a line break would change. `what` says what it is. */
export const credential =
  (what: string): OptionCheck =>
  (value) => {
    if (value === undefined || value === '') return `is missing: it is ${what}`;
    const isText = typeof value === 'string' && /^[!-9;-~]{1,512}$/.test(value);
    return isText ? undefined : `must be ${what}: a text without spaces, line breaks and colons`;
  };

export const textLike =
  (pattern: RegExp, what: string): OptionCheck =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `must be ${what}`;

export const oneOf =
  (...words: readonly string[]): OptionCheck =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? undefined : `must be one of ${words.join(', ')}`;

/** For a path below the base URL; neither another host nor a folder above can be reached with it. */
export const requestPath: OptionCheck = (value) =>
  typeof value === 'string' && /^\/(?!\/)[!-"$-~]{0,512}$/.test(value) && !/(^|\/)\.{1,2}(\/|$)/.test(value)
    ? undefined
    : 'must be a path that begins with one /, without spaces, # and .. in it, such as /hooks/crm';
