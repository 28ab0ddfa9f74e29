import { type ChangedPauses, keepAll, type PauseChange } from '../../history/history.js';
import { isDifference } from '../../history/paused-by-hand.js';
import { changePause as changePauseIn } from '../../history/postgres-history.js';
import { createSqliteHistory } from '../../history/sqlite-history.js';
import { whileBusy } from '../../history/while-busy.js';
import { tablesOf } from '../../outbox/postgres/schema.js';
import { loadSqlite } from '../../outbox/sqlite/sqlite-driver.js';
import { checkTables } from './open-outbox.js';
import { refuseAsRoot, type OutboxPlace } from './outbox-place.js';
import { withServer } from './postgres-place.js';

export interface PauseChangeResult {
  /** What was known before. */
  readonly changes: readonly PauseChange[];
  readonly hasChanged: boolean;
}

/** Pauses or resumes delivery by hand, beside any app that uses the outbox. The process that delivers sees it by itself. */
export async function changePause(place: OutboxPlace, change: Omit<PauseChange, 'at'>): Promise<PauseChangeResult> {
  const { before } = await changeIn(place, change);
  return { changes: before, hasChanged: isDifference(before, change) };
}

async function changeIn(place: OutboxPlace, change: Omit<PauseChange, 'at'>): Promise<ChangedPauses> {
  if (place.kind === 'postgres') {
    return withServer(place, async ({ run }) => {
      await checkTables(run, place);
      return changePauseIn(run, tablesOf(place.outbox.table), change);
    });
  }
  refuseAsRoot(place);
  const history = createSqliteHistory({
    open: loadSqlite(),
    outboxFile: place.file,
    now: () => Date.now(),
    keptDelivered: keepAll,
  });
  try {
    return await whileBusy(() => history.changePause(change));
  } finally {
    await history.close();
  }
}
