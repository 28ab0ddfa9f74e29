/**
 * A gate between the post office's thread and the end of the process, in memory that both threads share. When a process
 * ends, its threads are ended wherever they are; in the middle of a native call that may abort the process instead, with a
 * core dump where it had succeeded. So each such call goes through the gate, and at the end the gate is shut: the one call
 * under way is waited for, and no other begins.
 */
export type ExitGate = Int32Array<SharedArrayBuffer>;

const inside = 0;
const shut = 1;

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
