import { CRMValidationError } from '../core/errors.js';
import type { Notifier } from '../notifier/notifier.js';
import { shownName } from '../notifier/pause-change.js';
import { writeLog } from '../telemetry/logger.js';
import type { PauseChanged } from './api-contract.js';
import type { DashboardConfig } from './dashboard-options.js';
import { jsonResponse, refusal, type DashboardResponse } from './response.js';

/** The part of the API that pauses and resumes delivery. Each rejects if the notifier does. */
export interface PausesApi {
  /** `query` is the query string, without the question mark; `by` is the user who asks for it. */
  readonly pause: (query: string, by?: string) => Promise<DashboardResponse>;
  readonly resume: (query: string, by?: string) => Promise<DashboardResponse>;
}

/** The logger, if any, gets a line for each change. */
export function createPausesApi(
  crm: Pick<Notifier, 'pause' | 'resume'>,
  { logger, clock }: Pick<DashboardConfig, 'logger' | 'clock'>,
): PausesApi {
  const change =
    (call: 'pause' | 'resume', message: string) =>
    async (query: string, by?: string): Promise<DashboardResponse> => {
      const { target, ...others } = Object.fromEntries(new URLSearchParams(query));
      if (Object.keys(others).length > 0) return badQuery;
      try {
        const changed = await crm[call]({ target, by: shownName(by) });
        if (logger !== undefined) writeLog(logger, 'info', { by, target, changed }, message, () => undefined);
        return jsonResponse({ changed, at: clock.now() } satisfies PauseChanged);
      } catch (error) {
        if (!(error instanceof CRMValidationError)) throw error;
        // It lists the targets that are configured, and repeats nothing of the request.
        return refusal(
          400,
          'unknown-target',
          error.issues.map((issue) => `the ${issue.path} ${issue.message}`).join('; '),
        );
      }
    };
  return {
    pause: change('pause', 'CRM dashboard: delivery was paused'),
    resume: change('resume', 'CRM dashboard: delivery was resumed'),
  };
}

const badQuery = refusal(400, 'bad-query', 'the query takes target, or nothing for all targets');
