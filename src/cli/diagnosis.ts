import type { Exchange } from '../client/exchange.js';
import { jsonOf } from '../format/reply-rules.js';
import { CRMConnectionError, CRMHttpError, CRMResponseError, CRMTimeoutError } from '../core/errors.js';

/** What is wrong between here and the CRM, and what to do about it. */
export interface Diagnosis {
  /** `broken`: a connection that does not hold, TLS. `unhealthy`: the CRM answers, but not that it is well. */
  readonly trouble: 'refused' | 'wrong-token' | 'timeout' | 'not-json' | 'broken' | 'unhealthy';
  readonly message: string;
  readonly advice: string;
}

export interface DiagnosisContext {
  readonly baseUrl: string;
  /** Whether the token sent is the one that everybody knows. */
  readonly isDefaultToken: boolean;
}

/** Undefined when `GET /health` says that all is well. */
export function diagnoseHealth(outcome: Exchange, context: DiagnosisContext): Diagnosis | undefined {
  if (outcome.kind === 'timeout') return tooSlow(outcome.timeoutMs);
  if (outcome.kind === 'failure') return unreached(outcome.code, outcome.message, context);
  const { status } = outcome;
  if (status === 200) {
    if (outcome.cutBy === 'deadline') return tooSlow(undefined);
    return jsonOf(outcome) === undefined ? notJson(status, context) : undefined;
  }
  return diagnoseStatus(status, context);
}

/** What an error of the direct client means; undefined for one that has nothing to do with the connection. */
export function diagnoseError(error: unknown, context: DiagnosisContext): Diagnosis | undefined {
  if (error instanceof CRMTimeoutError) return tooSlow(error.timeoutMs);
  if (error instanceof CRMConnectionError) return unreached(error.reason, error.message, context);
  if (error instanceof CRMResponseError) return notJson(error.status, context);
  if (error instanceof CRMHttpError) return diagnoseStatus(error.status, context);
  return undefined;
}

function diagnoseStatus(status: number, { baseUrl, isDefaultToken }: DiagnosisContext): Diagnosis {
  if (status === 401 || status === 403) {
    const message = `${baseUrl} refuses the token (it answered ${String(status)})`;
    const advice = isDefaultToken
      ? 'No token is set, so the default was sent. Set CRM_AUTH_TOKEN, or give --token-file FILE.'
      : 'Compare CRM_AUTH_TOKEN (or the file of --token-file) with the token that the CRM expects.';
    return { trouble: 'wrong-token', message, advice };
  }
  const message = `${baseUrl} answered ${String(status)}`;
  if (status >= 300 && status < 400) {
    const advice = 'It points elsewhere, and redirects are not followed. Give the final address as CRM_BASE_URL.';
    return { trouble: 'unhealthy', message, advice };
  }
  if (status === 404) {
    const advice = 'Is it the CRM, and is its path right? CRM_BASE_URL is what comes before /health and /notify.';
    return { trouble: 'unhealthy', message, advice };
  }
  return { trouble: 'unhealthy', message, advice: "The CRM is there but not well. Look at the CRM's own log." };
}

function tooSlow(timeoutMs: number | undefined): Diagnosis {
  const within = timeoutMs === undefined ? 'in time' : `within ${String(timeoutMs)} ms`;
  return {
    trouble: 'timeout',
    message: `the CRM did not answer ${within}`,
    advice:
      'Is its machine up, and does a firewall let you through? For a CRM that is slow, raise CRM_TIMEOUT_MS and ' +
      'CRM_HEALTH_TIMEOUT_MS, or give --timeout-ms.',
  };
}

function notJson(status: number, { baseUrl }: DiagnosisContext): Diagnosis {
  return {
    trouble: 'not-json',
    message: `${baseUrl} answered ${String(status)}, but not with JSON`,
    advice: 'This is probably not the CRM but a web server or a proxy. Check the host, port and path of CRM_BASE_URL.',
  };
}

function unreached(code: string | undefined, message: string, context: DiagnosisContext): Diagnosis {
  const { baseUrl } = context;
  switch (code) {
    case 'ECONNREFUSED':
      return {
        trouble: 'refused',
        message: `nobody listens at ${baseUrl} (${code})`,
        advice: 'Start the CRM, or check the host and port of CRM_BASE_URL.',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        trouble: 'refused',
        message: `the host of ${baseUrl} is not known (${code})`,
        advice: 'Check the spelling of CRM_BASE_URL, and whether this machine can look up names.',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        trouble: 'refused',
        message: `the host of ${baseUrl} cannot be reached (${code})`,
        advice: 'Check the network, and the host of CRM_BASE_URL.',
      };
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return tooSlow(undefined);
    case 'HTTPParserError':
      return {
        trouble: 'not-json',
        message: `what listens at ${baseUrl} does not speak HTTP`,
        advice: 'This is not the CRM. Check the port of CRM_BASE_URL, and whether it should be https.',
      };
    default:
      return {
        trouble: 'broken',
        message: `${baseUrl}: ${message}${code === undefined ? '' : ` (${code})`}`,
        advice: 'Is it http or https, is its certificate valid, and is there a proxy in between?',
      };
  }
}
