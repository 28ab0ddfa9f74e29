import { validateHeaderValue } from 'node:http';
import type { Request } from 'express';
import { systemClock, type Clock } from '../core/clock.js';
import { CRMConfigError, type Issue } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';

export interface DashboardOptions {
  /**
   * Decides who may see and use the dashboard. Called for every request: page, assets and API. Unless it returns `true`, or
   * a promise of `true`, the response is a 401, always the same one; also if it throws or rejects.
   * @default none: mounting then throws unless `NODE_ENV=development`, where only IP addresses and `localhost` are served
   * @example authorize: (req) => req.session?.role === 'operator'
   */
  readonly authorize?: ((req: Request) => boolean | Promise<boolean>) | undefined;
  /**
   * Decides who may redeliver, discard, try, pause and resume, of those who may see the dashboard. Called for every change, like `authorize`; the
   * response to others is a 403. It is called for every `GET api/overview` as well, so that the page disables what they may not do: decide
   * by who it is, not by the method or the path.
   * @default everybody whom `authorize` lets in
   * @example authorizeChange: (req) => req.session?.role === 'admin'
   */
  readonly authorizeChange?: ((req: Request) => boolean | Promise<boolean>) | undefined;
  /**
   * Who sends this request, for the log line of a change and for those who see a pause: a name or an id, as your audit trail needs
   * it.
   * @default none
   * @example userOf: (req) => req.session?.userId
   */
  readonly userOf?: ((req: Request) => string | undefined) | undefined;
  /**
   * Who may see the bodies of notifications, which are personal data, of those who may see the dashboard. Called for each request
   * that shows one, like `authorize`. The page shows them with each value replaced until the user presses **Show values**, which
   * the log says.
   * @default nobody
   * @example showBodies: (req) => req.session?.role === 'support'
   */
  readonly showBodies?: ((req: Request) => boolean | Promise<boolean>) | undefined;
  /**
   * The `WWW-Authenticate` header of a 401. `Basic realm="CRM"` makes browsers ask for a password.
   * @default none
   */
  readonly wwwAuthenticate?: string | undefined;
  /**
   * The age of the oldest pending notification, in milliseconds, from which on the page reports an old backlog. Raise it if
   * your CRM has longer maintenance windows.
   * @default 300_000
   */
  readonly oldBacklogMs?: number | undefined;
  /**
   * Gets a line for each redelivery, discard, try, pause, resumption and shown body, and for each `authorize` that throws. Set it to keep
   * an audit trail.
   * @default none
   */
  readonly logger?: Logger | undefined;
  /**
   * The clock that the history uses; for tests.
   * @default the system clock
   */
  readonly clock?: Clock | undefined;
}

/** For our own tests: the directory of the page's files, if they are not beside the compiled code. */
export interface InternalDashboardOptions extends DashboardOptions {
  readonly assetsDirectory?: string | undefined;
}

export interface DashboardConfig {
  /** Undefined only in development. */
  readonly authorize: ((req: Request) => unknown) | undefined;
  readonly authorizeChange: ((req: Request) => unknown) | undefined;
  readonly userOf: ((req: Request) => unknown) | undefined;
  readonly showBodies: ((req: Request) => unknown) | undefined;
  readonly wwwAuthenticate: string | undefined;
  readonly oldBacklogMs: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

const knownOptions = [
  ...['authorize', 'authorizeChange', 'userOf', 'showBodies', 'wwwAuthenticate'],
  ...['oldBacklogMs', 'logger', 'clock', 'assetsDirectory'],
];

/** Throws `CRMConfigError` with every problem at once. */
export function resolveDashboardConfig(options: DashboardOptions): DashboardConfig {
  const { authorize, authorizeChange, userOf, showBodies, wwwAuthenticate } = options;
  const { oldBacklogMs = 300_000, logger, clock = systemClock } = options;
  const issues: Issue[] = [];
  for (const path of Object.keys(options)) {
    if (!knownOptions.includes(path)) issues.push({ path, message: `is not an option; the options are ${knownNames}` });
  }
  if (authorize === undefined) {
    if (process.env['NODE_ENV'] !== 'development') issues.push({ path: 'authorize', message: missingAuthorize });
  } else if (typeof (authorize as unknown) !== 'function') {
    issues.push({ path: 'authorize', message: 'must be a function that takes a request and returns true or false' });
  }
  for (const [path, given] of Object.entries({ authorizeChange, userOf, showBodies })) {
    if (given !== undefined && typeof (given as unknown) !== 'function')
      issues.push({ path, message: 'must be a function that takes a request' });
  }
  if (wwwAuthenticate !== undefined && !isHeaderValue(wwwAuthenticate)) {
    issues.push({ path: 'wwwAuthenticate', message: 'must be a string that can be sent as a header' });
  }
  if (!Number.isFinite(oldBacklogMs) || oldBacklogMs <= 0) {
    issues.push({ path: 'oldBacklogMs', message: 'must be a positive number of milliseconds' });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
  return { authorize, authorizeChange, userOf, showBodies, wwwAuthenticate, oldBacklogMs, logger, clock };
}

const knownNames = 'authorize, authorizeChange, userOf, showBodies, wwwAuthenticate, oldBacklogMs, logger and clock';
const missingAuthorize =
  'is missing: the dashboard shows and redelivers notifications, so define who may use it: ' +
  'crmDashboard(crm, { authorize: (req) => … }). It is optional only with NODE_ENV=development';

function isHeaderValue(value: unknown): boolean {
  try {
    validateHeaderValue('www-authenticate', value as string);
    return typeof value === 'string' && value !== '';
  } catch {
    return false;
  }
}
