import { keepAll, type History, type PauseChange } from '../../history/history.js';
import { isDifference } from '../../history/paused-by-hand.js';
import { readPauseChanges, writePauseChange } from '../../history/postgres-history.js';
import { createSqliteHistory } from '../../history/sqlite-history.js';
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
export function changePause(place: OutboxPlace, change: Omit<PauseChange, 'at'>): Promise<PauseChangeResult> {
  return withPauses(place, async (pauses) => {
    const changes = await pauses.pauseChanges();
    const hasChanged = isDifference(changes, change);
    if (hasChanged) await pauses.changePause(change);
    return { changes, hasChanged };
  });
}

async function withPauses<Result>(
  place: OutboxPlace,
  use: (pauses: Pick<History, 'pauseChanges' | 'changePause'>) => Promise<Result>,
): Promise<Result> {
  if (place.kind === 'postgres') {
    const tables = tablesOf(place.outbox.table);
    return withServer(place, async ({ run }) => {
      await checkTables(run, place);
      return use({
        pauseChanges: () => readPauseChanges(run, tables),
        changePause: (change) => writePauseChange(run, tables, change),
      });
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
    return await use(history);
  } finally {
    await history.close();
  }
}
