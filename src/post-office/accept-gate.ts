/**
 * A gate before the outbox, in memory that the app's thread and the post office's share: what was refused here must not be
 * stored there afterwards. The thread says of each batch, by its number, that it begins to append it; once the gate is shut
 * it begins no other.
 */
export type AcceptGate = BigInt64Array<SharedArrayBuffer>;

const begun = 0;
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
