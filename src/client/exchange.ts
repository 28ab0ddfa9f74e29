import type { Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import type { Reply } from '../format/format.js';
import { type FailureCause, failureCauseOf } from './failure-cause.js';

/** What one HTTP exchange came to. It never rejects: a delivery engine wants an outcome, not an exception. */
export type Exchange =
  /** Of the body at most `maxReplyBytes` were read. */
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
      /** Whether it was sent on a connection that had been used before: the CRM may have closed it in the meantime. */
      readonly wasReused?: boolean | undefined;
      /** Whether anything came back before it broke: then the CRM has seen the request. */
      readonly wasAnswered?: boolean | undefined;
    });

export interface ExchangeRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** Name and value in turn, as undici takes them: an object for each request costs several times as much. */
  readonly headers: readonly string[];
  readonly body?: Uint8Array | undefined;
}

/** The way to the server. */
export interface Connections {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Whether the connection that a request starts on has only just been made. */
  readonly isConnecting: () => boolean;
}

/** More of a reply than this is not read; the rest is cut off with its connection. */
const maxReplyBytes = 64 * 1024;

/**
 * Sends one request and reads the reply, all within the deadline: connecting, headers and body count towards it. Aborting
 * `signal` makes the deadline pass at once.
 * Redirects are not followed. Once a status has been read it stands, whatever becomes of the body.
 *
 * Uses undici's `dispatch`, the layer below `request`, because a total deadline, a byte limit and "the status was
 * already read" need to see each step.
 */
export function exchange(
  connections: Connections,
  request: ExchangeRequest,
  deadline: Deadline,
  signal?: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve) => {
    exchangeOnce(connections, request, deadline, signal, (outcome) => {
      // The server closed an idle connection just as it was used: once more, under the same id.
      if (isStale(outcome)) exchangeOnce(connections, request, deadline, signal, resolve);
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
  // Spelt out: as a spread with more behind it, it took 2 µs and kept a kilobyte in the old generation for each POST.
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

// What a socket that the server has closed answers with.
const closedSocketCodes = new Set<string | undefined>(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether it broke as a connection does that the server has closed already: used before, and now nothing came back. */
function isStale(outcome: Exchange): boolean {
  if (outcome.kind !== 'failure' || !closedSocketCodes.has(outcome.code)) return false;
  return outcome.wasReused === true && outcome.wasAnswered !== true;
}

/** One exchange as undici tells of it. It is made for every POST, so its methods are shared. */
class ReplyReader implements Dispatcher.DispatchHandler {
  readonly #deadline: Deadline;
  readonly #signal: AbortSignal | undefined;
  readonly #isConnecting: () => boolean;
  readonly #onSettled: (outcome: Exchange) => void;
  readonly #cancelDeadline: () => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #reply: { readonly status: number; readonly headers: Reply['headers'] } | undefined;
  #isSettled = false;
  #wasReused = false;
  #wasAnswered = false;

  constructor(
    { clock, isConnecting }: Connections,
    deadline: Deadline,
    signal: AbortSignal | undefined,
    onSettled: (outcome: Exchange) => void,
  ) {
    this.#deadline = deadline;
    this.#signal = signal;
    this.#isConnecting = isConnecting;
    this.#onSettled = onSettled;
    this.#cancelDeadline = clock.after(deadline.leftMs(), () => {
      this.#onDeadline();
    });
    signal?.addEventListener('abort', this);
  }

  /** The signal is aborted. */
  handleEvent(): void {
    this.#onDeadline();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The deadline passed while the request waited for a connection: it must not be sent any more. Thrown rather than
    // aborted, since undici then drops the request alone and not the connection.
    if (this.#isSettled) throw new Error('the deadline has passed');
    this.#controller = controller;
    this.#wasReused = !this.#isConnecting();
  }

  // Of undici's older interface: the newer one tells of a reply only once its headers are complete.
  onResponseStarted(): void {
    this.#wasAnswered = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Reply['headers']): void {
    // 1xx are announcements; the reply proper is still to come (RFC 9110 section 15.2).
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
    const [wasReused, wasAnswered] = [this.#wasReused, this.#wasAnswered];
    this.#settle({ kind: 'failure', ...failureCauseOf(error), wasSent, wasReused, wasAnswered });
  }

  #settle(outcome: Exchange): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#cancelDeadline();
    this.#signal?.removeEventListener('abort', this);
    this.#onSettled(outcome);
  }
}

/** One time limit over several steps, such as asking for a token and then sending. */
export interface Deadline {
  /** The limit as it was set: what an error names. */
  readonly timeoutMs: number;
  /** What is left of it; at least a millisecond, so that whoever waits for it is called back. */
  leftMs(): number;
}

export function startDeadline(timeoutMs: number, clock: Clock): Deadline {
  const startedAtMs = clock.monotonicMs();
  return { timeoutMs, leftMs: () => Math.max(1, timeoutMs - (clock.monotonicMs() - startedAtMs)) };
}
