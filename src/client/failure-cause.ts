import { types } from 'node:util';

/** Why an exchange failed, without anything that the peer sent. */
export interface FailureCause {
  /** Such as `ECONNREFUSED` or `UND_ERR_SOCKET`. */
  readonly code: string | undefined;
  /** One line, for people. */
  readonly message: string;
  /** The operating system's own error, if it is one: it contains the address. */
  readonly cause?: Error | undefined;
}

/** The cause behind an error from undici. */
export function failureCauseOf(error: unknown): FailureCause {
  const status = proxyStatusOf(error);
  if (status !== undefined) {
    return { code: `${proxyFailureCode}${status}`, message: `the proxy responded ${status} to CONNECT` };
  }
  const code = codeOf(error);
  return { code, message: meaningOf(code), cause: systemErrorOf(error) };
}

/** Before the status with which a proxy refused the way to the CRM. */
const proxyFailureCode = 'ERR_CRM_PROXY_';

/** The status of a proxy's refusal. undici has it in the error's message only. */
function proxyStatusOf(error: unknown): string | undefined {
  if (!types.isNativeError(error)) return undefined;
  return /^Proxy response \((\d{3})\) !== 200 when HTTP Tunneling$/.exec(error.message)?.[1];
}

/** The code of an error, of the first of several (one for each address tried), or of its cause. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errors, cause, name } = error as { code?: unknown; errors?: unknown; cause?: unknown; name?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  // undici's error for a reply that its parser refuses comes without a code.
  if (name === 'HTTPParserError') return name;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return codeOf(cause);
}

/** The error if it is the operating system's: it contains only the call, the address and the code. */
function systemErrorOf(error: unknown): Error | undefined {
  // Not `instanceof`: if the app runs in its own context, as under Jest, Node's errors are instances of another `Error`.
  return types.isNativeError(error) && 'syscall' in error ? error : undefined;
}

/**
 * What a code means, for people. The error's own message is not used: messages of undici and TLS may quote what the peer sent,
 * and a peer may send back the token.
 */
function meaningOf(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
      return 'host name not found';
    case 'EAI_AGAIN':
      return 'host name could not be looked up';
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connecting timed out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'host unreachable';
    case 'EMFILE':
    case 'ENFILE':
      return 'no file descriptor is left';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'connection closed by the CRM';
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return 'the client has been closed';
    case 'HTTPParserError':
      return 'the reply is not HTTP';
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'ERR_ASSERTION': // A status that undici does not expect, such as 099 or an unasked-for 101.
      return 'the reply breaks HTTP';
    default:
      return code !== undefined && /CERT|SSL|TLS|EPROTO|UNABLE_TO_VERIFY/.test(code)
        ? 'the TLS certificate or handshake was refused'
        : 'the exchange failed';
  }
}
