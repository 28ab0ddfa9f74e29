import { types } from 'node:util';
import type { Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import type { Deadline } from './deadline.js';

/** What one HTTP exchange came to. It never rejects: a delivery engine wants an outcome, not an exception. */
export type Exchange =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      /** What was read of the body, at most `maxReplyBytes`. */
      readonly body: Buffer;
      /** Why reading stopped before the end of the body, if it did. */
      readonly cutBy?: 'deadline' | 'limit' | 'connection' | undefined;
    }
  | {
      readonly kind: 'timeout';
      readonly timeoutMs: number;
      /** Whether any of it may have reached the CRM. */
      readonly wasSent: boolean;
    }
  | {
      readonly kind: 'failure';
      /** Such as `ECONNREFUSED` or `UND_ERR_SOCKET`. */
      readonly code: string | undefined;
      /** One line without anything from the reply. */
      readonly message: string;
      /** Whether any of it may have reached the CRM; false when there was no connection to begin with. */
      readonly wasSent: boolean;
      /** Whether it was sent on a connection that had been used before: the CRM may have closed it in the meantime. */
      readonly wasReused?: boolean | undefined;
      /** Whether anything came back before it broke: then the CRM has seen the request. */
      readonly wasAnswered?: boolean | undefined;
      /** The operating system's own error, where it is one: it tells the address, and nothing that the peer has said. */
      readonly cause?: Error | undefined;
    };

export interface ExchangeRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/** More of a reply than this is not read; the rest is cut off with its connection. */
const maxReplyBytes = 64 * 1024;

/**
 * Sends one request and reads the reply, all within the deadline: connecting, headers and body count towards it.
 * Redirects are not followed. Once a status has been read it stands, whatever becomes of the body.
 *
 * Uses undici's `dispatch`, the layer below `request`, because a total deadline, a byte limit and "the status was
 * already read" need to see each step.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  deadline: Deadline,
  clock: Clock,
  /** Whether the connection that a request starts on has only just been made. */
  isConnecting: () => boolean,
): Promise<Exchange> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let reply: { status: number; headers: Record<string, string | string[] | undefined> } | undefined;
    let isSettled = false;
    let wasReused = false;
    let wasAnswered = false;
    let size = 0;
    const chunks: Buffer[] = [];

    const settle = (outcome: Exchange): void => {
      if (isSettled) return;
      isSettled = true;
      cancelDeadline();
      resolve(outcome);
    };
    const settleReply = (cutBy?: 'deadline' | 'limit' | 'connection'): void => {
      if (reply !== undefined) settle({ kind: 'reply', ...reply, body: Buffer.concat(chunks, size), cutBy });
    };

    const cancelDeadline = clock.after(deadline.leftMs(), () => {
      const { timeoutMs } = deadline;
      if (reply === undefined) settle({ kind: 'timeout', timeoutMs, wasSent: controller !== undefined });
      else settleReply('deadline');
      controller?.abort(new Error('the deadline has passed'));
    });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // The deadline passed while the request waited for a connection: it must not be sent any more. Thrown rather than
        // aborted, since undici then drops the request alone and not the connection.
        if (isSettled) throw new Error('the deadline has passed');
        controller = started;
        wasReused = !isConnecting();
      },
      // Of undici's older interface: the newer one tells of a reply only once its headers are complete.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      onResponseStarted() {
        wasAnswered = true;
      },
      onResponseStart(_controller, status, headers) {
        // 1xx are announcements; the reply proper is still to come (RFC 9110 section 15.2).
        if (status >= 200) reply = { status, headers };
      },
      onResponseData(current, chunk) {
        const room = maxReplyBytes - size;
        const kept = chunk.byteLength > room ? chunk.subarray(0, room) : chunk;
        chunks.push(kept);
        size += kept.byteLength;
        if (kept === chunk) return;
        settleReply('limit');
        current.abort(new Error('the reply is longer than is read'));
      },
      onResponseEnd() {
        settleReply();
      },
      onResponseError(_controller, error) {
        settleReply('connection');
        settle(failureOf(error, { wasSent: controller !== undefined, wasReused, wasAnswered }));
      },
    };

    try {
      // Our own deadline covers what undici's two timeouts would.
      dispatcher.dispatch({ ...request, headersTimeout: 0, bodyTimeout: 0 } as Dispatcher.DispatchOptions, handler);
    } catch (error) {
      settle(failureOf(error, { wasSent: false, wasReused, wasAnswered }));
    }
  });
}

type Seen = Pick<Extract<Exchange, { kind: 'failure' }>, 'wasSent' | 'wasReused' | 'wasAnswered'>;

function failureOf(error: unknown, seen: Seen): Exchange {
  const code = codeOf(error);
  return { kind: 'failure', code, message: meaningOf(code), ...seen, cause: systemErrorOf(error) };
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

/** The error if the operating system made it: all there is in it is the call, the address and the code. */
function systemErrorOf(error: unknown): Error | undefined {
  // Not `instanceof`: where an app runs in a context of its own, as under Jest, Node's errors are of another `Error`.
  return types.isNativeError(error) && 'syscall' in error ? error : undefined;
}

/**
 * What a code means, for people. An error's own message is not used: undici's and TLS's may quote what the peer sent,
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
