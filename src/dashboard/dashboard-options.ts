import { validateHeaderValue } from 'node:http';
import type { Request } from 'express';
import { systemClock, type Clock } from '../core/clock.js';
import { CRMConfigError, type Issue } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';

export interface DashboardOptions {
  /**
   * Who may see and use the dashboard. Asked for every request: page, assets and API; anything but `true`, a throw and a
   * rejection included, is answered 401, always alike. Say who your operators are.
   * @default none: then it is mounted only with `NODE_ENV=development`, and shown only at an IP address or `localhost`
   */
  readonly authorize?: ((req: Request) => boolean | Promise<boolean>) | undefined;
  /**
   * The `WWW-Authenticate` header of a 401; `Basic realm="CRM"` makes browsers ask for a password.
   * @default none
   */
  readonly wwwAuthenticate?: string | undefined;
  /**
   * From which age of the oldest pending notification on the page calls the backlog old, in milliseconds. Raise it where a
   * CRM is away for longer by plan.
   * @default 300_000
   */
  readonly oldBacklogMs?: number | undefined;
  /**
   * Told of each redelivery and discarding, and of an `authorize` that fails. Give it where you keep an audit trail.
   * @default none
   */
  readonly logger?: Logger | undefined;
  /**
   * The time the history goes by; for tests that own the clock.
   * @default the computer's own
   */
  readonly clock?: Clock | undefined;
}

/** For our own tests: where the page's files are, when they do not lie beside the compiled code. */
export interface InternalDashboardOptions extends DashboardOptions {
  readonly assetsDirectory?: string | undefined;
}

export interface DashboardConfig {
  /** Undefined in development only. */
  readonly authorize: ((req: Request) => unknown) | undefined;
  readonly wwwAuthenticate: string | undefined;
  readonly oldBacklogMs: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

const knownOptions = ['authorize', 'wwwAuthenticate', 'oldBacklogMs', 'logger', 'clock', 'assetsDirectory'];

/** Throws `CRMConfigError` with every problem at once. */
export function resolveDashboardConfig(options: DashboardOptions): DashboardConfig {
  const { authorize, wwwAuthenticate, oldBacklogMs = 300_000, logger, clock = systemClock } = options;
  const issues: Issue[] = [];
  for (const path of Object.keys(options)) {
    if (!knownOptions.includes(path)) issues.push({ path, message: `is no option; there are ${knownNames}` });
  }
  if (authorize === undefined) {
    if (process.env['NODE_ENV'] !== 'development') issues.push({ path: 'authorize', message: missingAuthorize });
  } else if (typeof (authorize as unknown) !== 'function') {
    issues.push({ path: 'authorize', message: 'must be a function that takes a request and answers true or false' });
  }
  if (wwwAuthenticate !== undefined && !isHeaderValue(wwwAuthenticate)) {
    issues.push({ path: 'wwwAuthenticate', message: 'must be a string that can be sent as a header' });
  }
  if (!Number.isFinite(oldBacklogMs) || oldBacklogMs <= 0) {
    issues.push({ path: 'oldBacklogMs', message: 'must be a positive number of milliseconds' });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
  return { authorize, wwwAuthenticate, oldBacklogMs, logger, clock };
}

const knownNames = 'authorize, wwwAuthenticate, oldBacklogMs, logger and clock';
const missingAuthorize =
  'is missing: the dashboard shows and redelivers notifications, so say who may: ' +
  'crmDashboard(crm, { authorize: (req) => … }). Only with NODE_ENV=development it does without';

function isHeaderValue(value: unknown): boolean {
  try {
    validateHeaderValue('www-authenticate', value as string);
    return typeof value === 'string' && value !== '';
  } catch {
    return false;
  }
}
