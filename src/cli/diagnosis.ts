import type { Exchange } from '../client/exchange.js';
import { jsonOf } from '../format/reply-rules.js';
import { CRMConnectionError, CRMHttpError, CRMResponseError, CRMTimeoutError } from '../core/errors.js';

/** What is wrong with the connection to the CRM, and what to do about it. */
export interface Diagnosis {
  /** `broken`: the connection fails halfway, or TLS does. `unhealthy`: the CRM responds, but with an error. */
  readonly trouble: 'refused' | 'wrong-token' | 'timeout' | 'not-json' | 'broken' | 'unhealthy';
  readonly message: string;
  readonly advice: string;
}

export interface DiagnosisContext {
  readonly baseUrl: string;
  /** Whether the default token was sent, because none is set. */
  readonly isDefaultToken: boolean;
}

const isThisTheCrm = 'Is this the CRM, and is the path right? CRM_BASE_URL is the part before /health and /notify.';

/** Diagnoses the outcome of `GET /health`. Returns undefined if the CRM is healthy. */
export function diagnoseHealth(outcome: Exchange, context: DiagnosisContext): Diagnosis | undefined {
  if (outcome.kind === 'timeout') return tooSlow(outcome.timeoutMs);
  if (outcome.kind === 'failure') return unreachable(outcome.code, outcome.message, context);
  const { status } = outcome;
  if (status === 200) {
    if (outcome.cutBy === 'deadline') return tooSlow(undefined);
    return jsonOf(outcome) === undefined ? notJson(status, context) : undefined;
  }
  const diagnosis = diagnoseStatus(status, context);
  if (!hasNoHealthRoute(outcome)) return diagnosis;
  const advice = `${isThisTheCrm} If the CRM has no /health, add --send-test, which posts one harmless notification instead.`;
  return { ...diagnosis, advice };
}

/** Whether the CRM responded to `GET /health`, but does not have it. */
export function hasNoHealthRoute(outcome: Exchange): boolean {
  return outcome.kind === 'reply' && [404, 405, 501].includes(outcome.status);
}

/** Diagnoses an error of the direct client. Returns undefined for one that is not about the connection. */
export function diagnoseError(error: unknown, context: DiagnosisContext): Diagnosis | undefined {
  if (error instanceof CRMTimeoutError) return tooSlow(error.timeoutMs);
  if (error instanceof CRMConnectionError) return unreachable(error.reason, error.message, context);
  if (error instanceof CRMResponseError) return notJson(error.status, context);
  if (error instanceof CRMHttpError) return diagnoseStatus(error.status, context);
  return undefined;
}

function diagnoseStatus(status: number, { baseUrl, isDefaultToken }: DiagnosisContext): Diagnosis {
  if (status === 401 || status === 403) {
    const message = `${baseUrl} refuses the token (it responded with ${String(status)})`;
    const advice = isDefaultToken
      ? 'No token is set, so the default was sent. Set CRM_AUTH_TOKEN, or give --token-file FILE.'
      : 'Compare CRM_AUTH_TOKEN (or the file of --token-file) with the token that the CRM expects.';
    return { trouble: 'wrong-token', message, advice };
  }
  const message = `${baseUrl} responded with ${String(status)}`;
  if (status >= 300 && status < 400) {
    const advice = 'It redirects elsewhere, and redirects are not followed. Set CRM_BASE_URL to the final address.';
    return { trouble: 'unhealthy', message, advice };
  }
  if (status === 404 || status === 405) return { trouble: 'unhealthy', message, advice: isThisTheCrm };
  return { trouble: 'unhealthy', message, advice: "The CRM is reachable but unhealthy. Look at the CRM's own log." };
}

function tooSlow(timeoutMs: number | undefined): Diagnosis {
  const within = timeoutMs === undefined ? 'in time' : `within ${String(timeoutMs)} ms`;
  return {
    trouble: 'timeout',
    message: `the CRM did not respond ${within}`,
    advice:
      'Is its machine up, and does a firewall let you through? If the CRM is just slow, raise CRM_TIMEOUT_MS and ' +
      'CRM_HEALTH_TIMEOUT_MS, or give --timeout-ms.',
  };
}

function notJson(status: number, { baseUrl }: DiagnosisContext): Diagnosis {
  return {
    trouble: 'not-json',
    message: `${baseUrl} responded with ${String(status)}, but not with JSON`,
    advice: 'This is probably a web server or a proxy, not the CRM. Check the host, port and path of CRM_BASE_URL.',
  };
}

function unreachable(code: string | undefined, message: string, context: DiagnosisContext): Diagnosis {
  const { baseUrl } = context;
  switch (code) {
    case 'ECONNREFUSED':
      return {
        trouble: 'refused',
        message: `nothing is listening at ${baseUrl} (${code})`,
        advice: 'Start the CRM, or check the host and port of CRM_BASE_URL.',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        trouble: 'refused',
        message: `the host name in ${baseUrl} cannot be resolved (${code})`,
        advice: 'Check the spelling of CRM_BASE_URL, and whether DNS works on this machine.',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        trouble: 'refused',
        message: `the host of ${baseUrl} cannot be reached (${code})`,
        advice: 'Check the network, and the host in CRM_BASE_URL.',
      };
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return tooSlow(undefined);
    case 'HTTPParserError':
      return {
        trouble: 'not-json',
        message: `the server at ${baseUrl} does not speak HTTP`,
        advice: 'This is not the CRM. Check the port in CRM_BASE_URL, and whether it should be https.',
      };
    default:
      return {
        trouble: 'broken',
        message: `${baseUrl}: ${message}${code === undefined ? '' : ` (${code})`}`,
        advice: 'Is it http or https, is its certificate valid, and is there a proxy in between?',
      };
  }
}
