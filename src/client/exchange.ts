import type { Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import type { Reply } from '../format/format.js';
import { type FailureCause, failureCauseOf } from './failure-cause.js';

/** The outcome of one HTTP exchange. An exchange never rejects: delivery needs an outcome, not an exception. */
export type Exchange =
  /** The CRM replied. At most `maxReplyBytes` of the body were read. */
  | (Reply & { readonly kind: 'reply' })
  | {
      readonly kind: 'timeout';
      readonly timeoutMs: number;
      /** Whether any of it may have reached the CRM. */
      readonly wasSent: boolean;
    }
  | (FailureCause & {
      readonly kind: 'failure';
      /** Whether any of it may have reached the CRM; false when there was no connection to begin with. */
      readonly wasSent: boolean;
      /** Whether it was sent on a connection that had been used before, which the CRM may have closed in the meantime. */
      readonly wasReused?: boolean | undefined;
      /** Whether any of a reply arrived before the exchange failed: then the CRM has seen the request. */
      readonly hasReplyBegun?: boolean | undefined;
    });

export interface ExchangeRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** Alternating names and values, as undici takes them: an object for each request costs several times as much. */
  readonly headers: readonly string[];
  readonly body?: Uint8Array | undefined;
}

/** What an exchange needs to reach the server. */
export interface Connections {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Whether the connection on which a request starts has just been made. */
  readonly isConnecting: () => boolean;
  /** Whether a request may still start, asked as its bytes are about to be written. @default always */
  readonly mayStart?: (() => boolean) | undefined;
}

/** At most this much of a body is read; if there is more, the connection is closed. */
const maxReplyBytes = 64 * 1024;

/**
 * Sends one request and reads the reply, all within the deadline: connecting, headers and body count towards it. Aborting
 * `signal` makes the deadline pass at once.
 * Redirects are not followed. Once the status has been read, the outcome is a reply, even if reading the body fails.
 *
 * Uses undici's `dispatch`, the layer below `request`: a total deadline, a byte limit and knowing whether the status has been
 * read all need to see each step.
 */
export function exchange(
  connections: Connections,
  request: ExchangeRequest,
  deadline: Deadline,
  signal?: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve) => {
    exchangeOnce(connections, request, deadline, signal, (outcome) => {
      // The server closed an idle connection just as it was used: send once more, with the same id.
      if (isStaleConnection(outcome)) exchangeOnce(connections, request, deadline, signal, resolve);
      else resolve(outcome);
    });
  });
}

function exchangeOnce(
  connections: Connections,
  request: ExchangeRequest,
  deadline: Deadline,
  signal: AbortSignal | undefined,
  onSettled: (outcome: Exchange) => void,
): void {
  if (signal?.aborted === true) {
    onSettled({ kind: 'timeout', timeoutMs: deadline.timeoutMs, wasSent: false });
    return;
  }
  // Not a spread: with more properties after it, one took 2 µs and kept a kilobyte in the old generation for each POST.
  const { origin, path, method, headers, body } = request;
  const handler = new ReplyReader(connections, deadline, signal, onSettled);
  // Our own deadline covers what undici's two timeouts would.
  const options = { origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0 };
  try {
    connections.dispatcher.dispatch(options as Dispatcher.DispatchOptions, handler);
  } catch (error) {
    handler.onDispatchError(error);
  }
}

// The errors of a socket that the server has closed.
const closedSocketCodes = new Set<string | undefined>(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether the server had probably closed the connection already: it was used before, and nothing came back this time. */
function isStaleConnection(outcome: Exchange): boolean {
  if (outcome.kind !== 'failure' || !closedSocketCodes.has(outcome.code)) return false;
  return outcome.wasReused === true && outcome.hasReplyBegun !== true;
}

/** Turns undici's callbacks for one request into an `Exchange`. A class, so that the methods are shared by all POSTs. */
class ReplyReader implements Dispatcher.DispatchHandler {
  readonly #deadline: Deadline;
  readonly #signal: AbortSignal | undefined;
  readonly #isConnecting: () => boolean;
  readonly #mayStart: () => boolean;
  readonly #onSettled: (outcome: Exchange) => void;
  readonly #cancelDeadline: () => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #reply: { readonly status: number; readonly headers: Reply['headers'] } | undefined;
  #isSettled = false;
  #wasReused = false;
  #hasReplyBegun = false;

  constructor(
    { clock, isConnecting, mayStart = always }: Connections,
    deadline: Deadline,
    signal: AbortSignal | undefined,
    onSettled: (outcome: Exchange) => void,
  ) {
    this.#deadline = deadline;
    this.#signal = signal;
    this.#isConnecting = isConnecting;
    this.#mayStart = mayStart;
    this.#onSettled = onSettled;
    this.#cancelDeadline = clock.after(deadline.leftMs(), () => {
      this.#onDeadline();
    });
    signal?.addEventListener('abort', this);
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.#onDeadline();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The deadline passed while the request waited for a connection: it must not be sent any more. Throw rather than abort:
    // undici then drops only the request, not the connection.
    if (this.#isSettled) throw new Error('the deadline has passed');
    // It may have waited for a token or a connection, and the process may have been stopped meanwhile.
    if (!this.#mayStart()) throw new Error('another process may send it now');
    this.#controller = controller;
    this.#wasReused = !this.#isConnecting();
  }

  // From undici's older interface: the newer one calls back only once the headers of a reply are complete.
  onResponseStarted(): void {
    this.#hasReplyBegun = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Reply['headers']): void {
    // 1xx responses are interim; the final one is still to come (RFC 9110 section 15.2).
    if (status >= 200) this.#reply = { status, headers };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const room = maxReplyBytes - this.#size;
    const kept = chunk.byteLength > room ? chunk.subarray(0, room) : chunk;
    this.#chunks.push(kept);
    this.#size += kept.byteLength;
    if (kept === chunk) return;
    this.#settleReply('limit');
    controller.abort(new Error('the reply is longer than is read'));
  }

  onResponseEnd(): void {
    this.#settleReply();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#settleReply('connection');
    this.#settleFailure(error, this.#controller !== undefined);
  }

  onDispatchError(error: unknown): void {
    this.#settleFailure(error, false);
  }

  #onDeadline(): void {
    const { timeoutMs } = this.#deadline;
    if (this.#reply === undefined) {
      this.#settle({ kind: 'timeout', timeoutMs, wasSent: this.#controller !== undefined });
    } else {
      this.#settleReply('deadline');
    }
    this.#controller?.abort(new Error('the deadline has passed'));
  }

  #settleReply(cutBy?: 'deadline' | 'limit' | 'connection'): void {
    if (this.#reply === undefined) return;
    const { status, headers } = this.#reply;
    this.#settle({ kind: 'reply', status, headers, body: Buffer.concat(this.#chunks, this.#size), cutBy });
  }

  #settleFailure(error: unknown, wasSent: boolean): void {
    const [wasReused, hasReplyBegun] = [this.#wasReused, this.#hasReplyBegun];
    this.#settle({ kind: 'failure', ...failureCauseOf(error), wasSent, wasReused, hasReplyBegun });
  }

  #settle(outcome: Exchange): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#cancelDeadline();
    this.#signal?.removeEventListener('abort', this);
    this.#onSettled(outcome);
  }
}

function always(): boolean {
  return true;
}

/** One time limit for several steps, such as getting a token and then sending. */
export interface Deadline {
  /** The whole limit, as shown in errors. */
  readonly timeoutMs: number;
  /** What is left of the limit; at least 1 ms, so that a timer set to it calls back. */
  leftMs(): number;
}

export function startDeadline(timeoutMs: number, clock: Clock): Deadline {
  const startedAtMs = clock.monotonicMs();
  return { timeoutMs, leftMs: () => Math.max(1, timeoutMs - (clock.monotonicMs() - startedAtMs)) };
}
