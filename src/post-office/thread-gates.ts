/**
 * A gate before the outbox, in memory that the app's thread and the post office's share: what the app's thread has refused must
 * not be stored afterwards. The post office's thread writes the number of each batch before it appends it; once the gate is
 * shut, it begins no other.
 */
export type AcceptGate = BigInt64Array<SharedArrayBuffer>;

/** Index in an accept gate: the number of the last batch that was begun. */
const begun = 0;
/** Index in either gate: 1 if it is shut. */
const shut = 1;

export function createAcceptGate(): AcceptGate {
  return new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT));
}

/** Call in the thread right before it appends a batch. Returns whether it may. Numbers grow. */
export function passAcceptGate(gate: AcceptGate, batch: number): boolean {
  Atomics.store(gate, begun, BigInt(batch));
  return Atomics.load(gate, shut) === 0n;
}

/** Call in the app's thread. Returns the last batch that may have been begun; no later one will be. */
export function shutAcceptGate(gate: AcceptGate): number {
  Atomics.store(gate, shut, 1n);
  return Number(Atomics.load(gate, begun));
}

/**
 * A gate between the post office's thread and the exit of the process, in memory that both threads share. When a process exits,
 * its threads are ended wherever they are; in the middle of a native call this may abort the process, with a core dump
 * although it had succeeded. So each such call goes through the gate, and at exit the gate is shut: the current call may finish,
 * and no other begins.
 */
export type ExitGate = Int32Array<SharedArrayBuffer>;

/** Index in an exit gate: 1 while a call is running. */
const inside = 0;

export function createExitGate(): ExitGate {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** Call in the thread. Does the work, unless the gate is shut; then it blocks until the thread is ended. */
export function passExitGate<Result>(gate: ExitGate, work: () => Result): Result {
  Atomics.store(gate, inside, 1);
  if (Atomics.load(gate, shut) === 1) {
    leaveExitGate(gate);
    Atomics.wait(gate, shut, 1);
  }
  try {
    return work();
  } finally {
    leaveExitGate(gate);
  }
}

/** Call in the app's thread. Returns when no call is running and none will begin, or at the time limit. */
export function shutExitGate(gate: ExitGate, timeoutMs: number): void {
  Atomics.store(gate, shut, 1);
  Atomics.wait(gate, inside, 1, timeoutMs);
}

function leaveExitGate(gate: ExitGate): void {
  Atomics.store(gate, inside, 0);
  if (Atomics.load(gate, shut) === 1) Atomics.notify(gate, inside);
}
