import type { HttpLogger } from 'pino-http';
import { pinoHttp } from 'pino-http';
import type { Logger, SerializedRequest, SerializedResponse } from 'pino';

/**
 * One line per request: method, path, status and time taken. Headers hold tokens, bodies and queries hold personal
 * data, so none of them is logged. Neither is a request for a path that `isQuiet` names.
 */
export function createRequestLog(logger: Logger, isQuiet: (path: string) => boolean = () => false): HttpLogger {
  return pinoHttp({
    logger,
    autoLogging: { ignore: ({ url = '' }) => isQuiet(pathOf(url)) },
    serializers: {
      req: ({ method, url }: SerializedRequest) => ({ method, path: pathOf(url) }),
      res: ({ statusCode }: SerializedResponse) => ({ status: statusCode }),
    },
    // The line of the request says that it failed; why is logged once, where the error is answered.
    customErrorObject: (_req, res, _error, { responseTime }: { responseTime: number }) => ({ res, responseTime }),
  });
}

function pathOf(url: string): string {
  return url.replace(/\?.*/s, '');
}
