import type { HttpLogger } from 'pino-http';
import { pinoHttp } from 'pino-http';
import type { Logger, SerializedRequest, SerializedResponse } from 'pino';

/**
 * Logs one line per request: method, path, status and duration. Headers have tokens, and bodies and queries have personal
 * data, so none of them is logged. Requests for which `isQuiet` is true are not logged.
 */
export function createRequestLog(logger: Logger, isQuiet: (path: string) => boolean = () => false): HttpLogger {
  return pinoHttp({
    logger,
    autoLogging: { ignore: ({ url = '' }) => isQuiet(pathOf(url)) },
    serializers: {
      req: ({ method, url }: SerializedRequest) => ({ method, path: pathOf(url) }),
      res: ({ statusCode }: SerializedResponse) => ({ status: statusCode }),
    },
    // The error itself is logged once, by `respondWithError`.
    customErrorObject: (_req, res, _error, { responseTime }: { responseTime: number }) => ({ res, responseTime }),
  });
}

function pathOf(url: string): string {
  return url.replace(/\?.*/s, '');
}
