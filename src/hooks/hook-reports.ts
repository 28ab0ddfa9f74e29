import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeThrown } from '../core/describe-thrown.js';
import { CRMNotMountedError } from '../core/errors.js';
import type { IntakeContext } from '../notifier/intake.js';
import { hookAccessOf, requestContext, thisCopy, type PackageCopy } from '../notifier/request-notifier.js';
import { errorForLog } from '../telemetry/error-for-log.js';
import { createDefaultLogger, writeLog, type Logger, type LogLevel } from '../telemetry/logger.js';

/** What a hook reports besides rejected notifications. Nothing here throws. */
export interface HookReports {
  /**
   * `res.locals.crm` has no notifier. Returns the error to fail the request with, which a developer cannot miss. In production
   * it logs one ERROR instead, because the route matters more than its notification.
   */
  notMounted(): CRMNotMountedError | undefined;
  /** The notifier is from a copy of this package that this hook cannot use: one ERROR for each copy. */
  otherCopy(copy: PackageCopy, res: ServerResponse): void;
  /** The route redirects, which by default is no success: one WARN, because a form's route does nothing else. */
  redirected(status: number, route: string | undefined, res: ServerResponse): void;
  /** The route had responded before the hook ran: one WARN. */
  tooLate(res: ServerResponse): void;
  /** Others of this route notified in their transaction, this one did not: one WARN. */
  outsideTransaction(route: string | undefined, res: ServerResponse): void;
  /** This package's own code failed: an ERROR. */
  failure(error: unknown, res: ServerResponse): void;
}

/** `name` is the hook as the app wrote it: `afterBooking('created')`. */
export function createHookReports(name: string, notificationType: string): HookReports {
  let isMissingLogged = false;
  let isRedirectLogged = false;
  let isTooLateLogged = false;
  let isOutsideLogged = false;

  const logAbout = (res: ServerResponse, level: LogLevel, message: string, route?: string): void => {
    const { log, requestId } = requestContextOf(res);
    const fields = {
      type: notificationType,
      ...(route !== undefined && { route }),
      ...(log === undefined && { requestId }),
    };
    const logger = log ?? notifierLogger(res);
    writeLog(logger ?? fallbackLogger(), level, fields, message, () => undefined);
  };

  return {
    notMounted() {
      const error = new CRMNotMountedError(
        `${name} found no notifier at res.locals.crm. Mount it before the routes: ` +
          'const crm = createNotifier(); app.use(crm.middleware())',
      );
      if (process.env['NODE_ENV'] !== 'production') return error;
      if (!isMissingLogged) fallbackLogger().error({ err: errorForLog(error) }, error.message);
      isMissingLogged = true;
      return undefined;
    },
    otherCopy(copy, res) {
      if (reportedCopies.has(copy.identity)) return;
      reportedCopies.add(copy.identity);
      logAbout(
        res,
        'error',
        `${name} cannot notify the CRM: the hook is from ${nameOf(thisCopy)}, res.locals.crm from ${nameOf(copy)}. ` +
          'Install one version of the package; `npm ls express-crm-notifier` shows who brings which',
      );
    },
    redirected(status, route, res) {
      if (isRedirectLogged) return;
      isRedirectLogged = true;
      const message =
        `${name} notifies nothing, because its route responded ${String(status)}. If that is a success, say so ` +
        '({ status: (status) => status < 400 }), and set res.locals.booking or give a mapper: a redirect has no body. ' +
        'If not, say that ({ status: (status) => status < 300 }). This is logged once';
      logAbout(res, 'warn', message, route);
    },
    tooLate(res) {
      if (isTooLateLogged) return;
      isTooLateLogged = true;
      logAbout(
        res,
        'warn',
        `${name} runs after its route has responded, so it notifies nothing: set it before the handler`,
      );
    },
    outsideTransaction(route, res) {
      if (isOutsideLogged) return;
      isOutsideLogged = true;
      const message =
        `${name} notifies after the response, because this request did not notify in a transaction, as others of its route do: ` +
        'if the process ends in between, the CRM never hears of it. Call res.locals.crm.in(tx) on every way through the route. ' +
        'This is logged once';
      logAbout(res, 'warn', message, route);
    },
    failure(error, res) {
      logAbout(
        res,
        'error',
        `${name} failed inside express-crm-notifier with ${describeThrown(error)}: the response goes out as usual, but its ` +
          'notification may be missing. Please report it',
      );
    },
  };
}

const reportedCopies = new WeakSet();

function nameOf({ version, contract }: PackageCopy): string {
  return `express-crm-notifier ${version} (hook contract ${contract})`;
}

function requestContextOf(res: ServerResponse): IntakeContext {
  try {
    const { req } = res as { readonly req?: IncomingMessage };
    return req === undefined ? {} : requestContext(req);
  } catch {
    return {};
  }
}

/** The notifier's logger; undefined when the notifier itself is broken. */
function notifierLogger(res: ServerResponse): Logger | undefined {
  try {
    const logger = hookAccessOf((res as { readonly locals?: { readonly crm?: unknown } }).locals?.crm)?.logger;
    return typeof (logger as { error?: unknown } | undefined)?.error === 'function' ? logger : undefined;
  } catch {
    return undefined;
  }
}

let fallback: Logger | undefined;

function fallbackLogger(): Logger {
  return (fallback ??= createDefaultLogger('error'));
}
