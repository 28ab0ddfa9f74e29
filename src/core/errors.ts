import { types } from 'node:util';

/**
 * All errors that this package throws or puts in a receipt.
 *
 * An app may load two copies of the package, one imported and one required. So `instanceof` does not compare prototypes
 * here but looks for a brand, a class name under a registered symbol that both copies share.
 *
 * No error holds the token or a request body: an error keeps only what its class lists.
 */

const brand = Symbol.for('express-crm-notifier.error');

/** Stable codes, one for each class; match on these rather than on messages. */
export type CRMErrorCode =
  | 'ERR_CRM_TIMEOUT'
  | 'ERR_CRM_CONNECTION'
  | 'ERR_CRM_HTTP'
  | 'ERR_CRM_INVALID_RESPONSE'
  | 'ERR_CRM_VALIDATION'
  | 'ERR_CRM_CONFIG'
  | 'ERR_CRM_OUTBOX'
  | 'ERR_CRM_NOT_MOUNTED';

/** What is wrong with one field or option, and how to fix it. */
export interface Issue {
  /** The field or option: `userId`, `additional_data.price`, `timeoutMs`. */
  readonly path: string;
  /** What is wrong and what would be right; never the offending value itself. */
  readonly message: string;
}

interface CRMErrorDetails {
  readonly code: CRMErrorCode;
  readonly retryable: boolean;
  readonly cause?: unknown;
}

/** The base class of this package's errors: `code` identifies the class, `retryable` whether trying again may help. */
export abstract class CRMNotificationError extends Error {
  /** Stable; compare this in code. */
  readonly code: CRMErrorCode;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean;

  constructor(message: string, details: CRMErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.retryable = details.retryable;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const isOurs = Object.hasOwn(this.prototype, brand);
    if (!isOurs) return Function.prototype[Symbol.hasInstance].call(this, value);
    return brandsOf(value).includes((this.prototype as unknown as Branded)[brand]);
  }

  /** What a log line or a JSON reply shows of the error: all its own fields, but no stack and no cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...(this as object) };
  }
}

/** The CRM did not respond completely within the deadline. */
export class CRMTimeoutError extends CRMNotificationError {
  /** The deadline that ran out, in milliseconds. */
  readonly timeoutMs: number;

  constructor(message: string, details: { readonly timeoutMs: number; readonly cause?: unknown }) {
    super(message, { code: 'ERR_CRM_TIMEOUT', retryable: true, cause: details.cause });
    this.timeoutMs = details.timeoutMs;
  }
}

/** No complete exchange with the CRM was possible: refused, unknown host, reset, TLS, malformed HTTP. */
export class CRMConnectionError extends CRMNotificationError {
  /** The operating system's or undici's code, such as `ECONNREFUSED`; undefined when there is none. */
  readonly reason: string | undefined;

  constructor(message: string, details: { readonly reason?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { code: 'ERR_CRM_CONNECTION', retryable: true, cause: details.cause });
    this.reason = details.reason;
  }
}

/** The CRM responded with a status that is not 2xx. */
export class CRMHttpError extends CRMNotificationError {
  /** The HTTP status code. */
  readonly status: number;
  /** How long the CRM asked to wait (`Retry-After`, RFC 9110 section 10.2.3), in milliseconds; undefined if it did not. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    details: { readonly status: number; readonly retryable: boolean; readonly retryAfterMs?: number | undefined },
  ) {
    super(message, { code: 'ERR_CRM_HTTP', retryable: details.retryable });
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The CRM responded with 2xx, but the body is not JSON. It took the notification; only its reply is unusable. */
export class CRMResponseError extends CRMNotificationError {
  /** The HTTP status code, 200 to 299. */
  readonly status: number;

  constructor(message: string, details: { readonly status: number; readonly cause?: unknown }) {
    super(message, { code: 'ERR_CRM_INVALID_RESPONSE', retryable: false, cause: details.cause });
    this.status = details.status;
  }
}

/** The notification cannot be sent as it is, and nothing was sent; or a hook was given invalid arguments. */
export class CRMValidationError extends CRMNotificationError {
  /** Every problem found, each with the field's path. */
  readonly issues: readonly Issue[];

  /** `hook`: the hook whose arguments are not valid, as the app wrote it. */
  constructor(issues: readonly Issue[], details: { readonly cause?: unknown; readonly hook?: string } = {}) {
    super(`${details.hook ?? notificationItself}: ${joinIssues(issues)}`, {
      code: 'ERR_CRM_VALIDATION',
      retryable: false,
      cause: details.cause,
    });
    this.issues = issues;
  }
}

/** Options or environment variables are not valid; the error lists every problem. */
export class CRMConfigError extends CRMNotificationError {
  /** Every problem found; a path is an option, with its variable where it has one: `timeoutMs (CRM_TIMEOUT_MS)`. */
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[], details: { readonly cause?: unknown } = {}) {
    super(`configuration is not valid: ${joinIssues(issues)}`, {
      code: 'ERR_CRM_CONFIG',
      retryable: false,
      ...details,
    });
    this.issues = issues;
  }
}

/** The outbox could not take or change a notification: it is full or closed, or the disk refuses. */
export class CRMOutboxError extends CRMNotificationError {
  constructor(message: string, details: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, { code: 'ERR_CRM_OUTBOX', retryable: details.retryable ?? true, cause: details.cause });
  }
}

/** A hook ran on a route whose app never mounted the middleware. */
export class CRMNotMountedError extends CRMNotificationError {
  constructor(message: string) {
    super(message, { code: 'ERR_CRM_NOT_MOUNTED', retryable: false });
  }
}

/**
 * Whether a caught value is an error of this package, from any loaded copy of it.
 * @example if (isCRMNotificationError(error) && error.retryable) scheduleRetry();
 */
export function isCRMNotificationError(value: unknown): value is CRMNotificationError {
  return value instanceof CRMNotificationError;
}

const notificationItself = 'notification is not valid';

interface Branded {
  readonly [brand]: string;
}

/** In one line: `userId, sessionId: is missing; lane: must be …`. A path that the message names is not repeated. */
function joinIssues(issues: readonly Issue[]): string {
  const pathsOf = new Map<string, string[]>();
  for (const { path, message } of issues) {
    const paths = pathsOf.get(message) ?? [];
    pathsOf.set(message, path === '' || message.includes(`\`${path}\``) ? paths : [...paths, path]);
  }
  return [...pathsOf]
    .map(([message, paths]) => (paths.length === 0 ? message : `${paths.join(', ')}: ${message}`))
    .join('; ');
}

/** The brands along a value's prototype chain; none for a proxy that throws. */
function brandsOf(value: unknown): string[] {
  const brands: string[] = [];
  try {
    for (let link: unknown = value; link !== null && typeof link === 'object'; link = Object.getPrototypeOf(link)) {
      if (Object.hasOwn(link, brand)) brands.push((link as unknown as Branded)[brand]);
    }
  } catch {
    return [];
  }
  return brands;
}

// Names are written out as keys because a minifier renames classes, and two copies must agree on the brands.
for (const [name, errorClass] of Object.entries({
  CRMNotificationError,
  CRMTimeoutError,
  CRMConnectionError,
  CRMHttpError,
  CRMResponseError,
  CRMValidationError,
  CRMConfigError,
  CRMOutboxError,
  CRMNotMountedError,
})) {
  Object.defineProperty(errorClass.prototype, brand, { value: name });
  Object.defineProperty(errorClass.prototype, 'name', { value: name, writable: true, configurable: true });
}

/** An error as plain data: safe to log, to pass to listeners and to send between threads. */
export interface ErrorData {
  readonly name: string;
  /** Such as `ENOSPC`, `ERR_SQLITE_ERROR` or `ERR_CRM_CONFIG`. */
  readonly code: string | undefined;
  readonly message: string;
  readonly issues?: readonly Issue[] | undefined;
}

/**
 * Keeps the message only of this package's errors and of those with a code: the file system's and SQLite's mention files and
 * codes. Of a value that is not an error, nothing is kept.
 */
export function errorDataOf(error: unknown): ErrorData {
  // Not by `instanceof`: one of the runtime's own errors may come from another realm.
  if (!types.isNativeError(error)) return { name: 'Error', code: undefined, message: 'unknown' };
  const { name, message } = error;
  const { code } = error as { code?: unknown };
  const hasIssues = error instanceof CRMConfigError || error instanceof CRMValidationError;
  return {
    name,
    code: typeof code === 'string' ? code : undefined,
    message: error instanceof CRMNotificationError || typeof code === 'string' ? message : 'an unexpected error',
    issues: hasIssues ? error.issues : undefined,
  };
}
