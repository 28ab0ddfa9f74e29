import { CRMOutboxError } from '../../core/errors.js';
import type { AcceptedNotification, DeadRange, Outbox, Room, Settlement } from '../outbox.js';
import { createMender, type InUse, type SqliteOutboxOptions } from './mender.js';
import { isDamaged } from './sqlite-errors.js';

/**
 * The outbox in an SQLite file, which mends itself. A damaged file is set aside, what can be read of it goes into a fresh
 * one, and the call that met the damage is repeated there. A file or log that was deleted or replaced while in use is recreated
 * with what the lost one contained. Processes that share the file mend it one at a time; the others move over to the new file.
 *
 * Each time that happens, `generation` grows, because positions change.
 *
 * Throws `CRMConfigError` when the file was written by a newer version.
 */
export function openSqliteOutbox(options: SqliteOutboxOptions): Outbox {
  const mender = createMender(options);
  let generation = 0;
  let isClosed = false;
  let inUse = mender.open();

  function mend(mendFile: (before: InUse) => InUse = mender.mend): void {
    const before = inUse;
    inUse = mendFile(before);
    generation += 1;
    mender.close(before);
  }

  /** What is only in a file that no other process can find would be lost with this connection. */
  function saveBeforeClose(): void {
    const { pending, dead } = inUse.outbox.counts();
    if (pending + dead > 0) mend();
  }

  /** Runs a call; if it meets damage, mends the file and runs the call once more. */
  const guarded =
    <Args extends unknown[], Result>(call: (outbox: Outbox, ...args: Args) => Result) =>
    (...args: Args): Result => {
      // The failure of a closed connection must not be taken for damage.
      if (isClosed) throw new CRMOutboxError('the outbox is closed', { retryable: false });
      try {
        return call(inUse.outbox, ...args);
      } catch (error) {
        // A missing log may show as a disk error.
        if (!isDamaged(error) && mender.isWhole(inUse)) throw error;
        mend();
        return call(inUse.outbox, ...args);
      }
    };

  const maintain = guarded((outbox) => {
    outbox.maintain();
  });

  /** By the outbox's clock, whatever clock the caller uses: the command line uses the computer's. */
  const notBehindUse = (outbox: Outbox, at: number): number => Math.max(at, outbox.lastUse().to);

  /** A file that was recreated meanwhile may use a clock that is further ahead. */
  const notBehind = (outbox: Outbox, at: number): number => (generation === 0 ? at : notBehindUse(outbox, at));

  const notDeadBehind = (outbox: Outbox, settlement: Settlement): Settlement =>
    settlement.kind === 'dead' ? { ...settlement, diedAt: notBehind(outbox, settlement.diedAt) } : settlement;

  const append = guarded((outbox, batch: readonly AcceptedNotification[], room?: Room, at?: number) =>
    outbox.append(batch, room, at === undefined ? undefined : notBehind(outbox, at)),
  );

  return {
    append(batch, room, at) {
      const appended = append(batch, room, at);
      // Accepted notifications must be in the file that other processes find, with its log.
      if (mender.isWhole(inUse)) return appended;
      mend();
      // Their positions have changed, so the caller has to read them.
      return appended === undefined ? undefined : [];
    },
    readAfter: guarded((outbox, ...query: Parameters<Outbox['readAfter']>) => outbox.readAfter(...query)),
    nextInLane: guarded((outbox, ...query: Parameters<Outbox['nextInLane']>) => outbox.nextInLane(...query)),
    readDue: guarded((outbox, ...query: Parameters<Outbox['readDue']>) => outbox.readDue(...query)),
    settle: guarded((outbox, settlements) => {
      outbox.settle(
        generation === 0 ? settlements : settlements.map((settlement) => notDeadBehind(outbox, settlement)),
      );
    }),
    counts: guarded((outbox, target?: string) => outbox.counts(target)),
    targets: guarded((outbox) => outbox.targets()),
    hasForeignChanges: guarded((outbox) => outbox.hasForeignChanges()),
    searchPending: guarded((outbox, range, most: number) => outbox.searchPending(range, most)),
    countPending: guarded((outbox, range) => outbox.countPending(range)),
    listDead: guarded((outbox, query) => outbox.listDead(query)),
    searchDead: guarded((outbox, range, most: number) => outbox.searchDead(range, most)),
    groupOldest: guarded((outbox, range) => outbox.groupOldest(range)),
    find: guarded((outbox, id: string, target?: string) => outbox.find(id, target)),
    placeInLane: guarded((outbox, ...query: Parameters<Outbox['placeInLane']>) => outbox.placeInLane(...query)),
    tryNow: guarded((outbox, id: string, target?: string) => outbox.tryNow(id, target)),
    redeliver: guarded((outbox, id: string, at: number, target?: string) =>
      outbox.redeliver(id, notBehindUse(outbox, at), target),
    ),
    redeliverOldest: guarded((outbox, range: DeadRange, at: number) =>
      outbox.redeliverOldest(range, notBehindUse(outbox, at)),
    ),
    discard: guarded((outbox, id: string, target?: string) => outbox.discard(id, target)),
    discardOldest: guarded((outbox, range: DeadRange) => outbox.discardOldest(range)),
    expireDead: guarded((outbox, before: number, limit: number) => outbox.expireDead(before, limit)),
    lastUse: guarded((outbox) => outbox.lastUse()),
    noteUse: guarded((outbox, use) => {
      outbox.noteUse(use);
    }),
    get generation() {
      return generation;
    },
    maintain() {
      if (isClosed) return;
      if (!mender.isInPlace(inUse)) mend();
      else if (inUse.watch.isOverwritten()) mend(mender.mergeOverwritten);
      else if (!mender.isNextPartWhole(inUse)) mend();
      else maintain();
      inUse.watch.remember();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      try {
        if (!mender.isWhole(inUse)) saveBeforeClose();
      } finally {
        inUse.log.close();
        inUse.outbox.close();
      }
    },
  };
}
