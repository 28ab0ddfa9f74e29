/**
 * A gate before the outbox, in memory that the app's thread and the post office's share: what was refused here must not be
 * stored there afterwards. The thread says of each batch, by its number, that it begins to append it; once the gate is shut
 * it begins no other.
 */
export type AcceptGate = BigInt64Array<SharedArrayBuffer>;

/** Where in an accept gate the last batch's number is. */
const begun = 0;
/** Where in either gate it says whether it is shut. */
const shut = 1;

export function createAcceptGate(): AcceptGate {
  return new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT));
}

/** In the thread, right before it appends a batch: whether it may. Numbers grow. */
export function passAcceptGate(gate: AcceptGate, batch: number): boolean {
  Atomics.store(gate, begun, BigInt(batch));
  return Atomics.load(gate, shut) === 0n;
}

/** In the app's thread. Returns the last batch that may have been begun; later ones never will be. */
export function shutAcceptGate(gate: AcceptGate): number {
  Atomics.store(gate, shut, 1n);
  return Number(Atomics.load(gate, begun));
}

/**
 * A gate between the post office's thread and the end of the process, in memory that both threads share. When a process
 * ends, its threads are ended wherever they are; in the middle of a native call that may abort the process instead, with a
 * core dump where it had succeeded. So each such call goes through the gate, and at the end the gate is shut: the one call
 * under way is waited for, and no other begins.
 */
export type ExitGate = Int32Array<SharedArrayBuffer>;

/** Where in an exit gate it says whether a call is under way. */
const inside = 0;

export function createExitGate(): ExitGate {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** In the thread: does the work, unless the gate is shut; then the thread stays here until it is ended. */
export function passExitGate<Result>(gate: ExitGate, work: () => Result): Result {
  Atomics.store(gate, inside, 1);
  if (Atomics.load(gate, shut) === 1) {
    leave(gate);
    Atomics.wait(gate, shut, 1);
  }
  try {
    return work();
  } finally {
    leave(gate);
  }
}

/** In the app's thread: returns when nobody is inside and nobody will be, or at the time limit. */
export function shutExitGate(gate: ExitGate, timeoutMs: number): void {
  Atomics.store(gate, shut, 1);
  Atomics.wait(gate, inside, 1, timeoutMs);
}

function leave(gate: ExitGate): void {
  Atomics.store(gate, inside, 0);
  if (Atomics.load(gate, shut) === 1) Atomics.notify(gate, inside);
}
