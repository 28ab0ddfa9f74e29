/**
 * Remembers which notifications were handled. `memoryStore`, `sqliteStore` and `postgresStore` make one; your own needs this one
 * function.
 */
export interface ReceiverStore<Tx = undefined> {
  /**
   * Unless the id is remembered, calls `handle` and remembers the id once that has resolved; best in one transaction, which is
   * passed to `handle`. Rejects if `handle` does, and then the id is not remembered. Not called twice at once with one id by
   * one receiver; by several processes it may be.
   */
  handleOnce(id: string, handle: (tx: Tx) => Promise<void>): Promise<'handled' | 'duplicate'>;
}
