import type { Notifier } from 'express-crm-notifier';
import { MAX_WAITING } from '../demo-page/delivery-watch.js';
import type { DeliveryWatch, WaitingNotification } from '../demo-page/delivery-watch.js';
import { watchPauses } from '../demo-page/watch-pauses.js';
import { rowsOf } from './postgres-database.js';
import type { Queryable } from './postgres-database.js';

/** Lists pending notifications from the outbox's table: only the leader emits events of delivery, whichever app accepted them. */
export function watchSharedDelivery(crm: Notifier, database: Queryable): DeliveryWatch {
  const pauseCause = watchPauses(crm);
  return {
    async listPending(pendingCount) {
      const waiting = await rowsOf<WaitingNotification>(
        database,
        'SELECT id, type, lane, attempts FROM crm_outbox ORDER BY seq LIMIT $1',
        [MAX_WAITING],
      );
      return { waiting, furtherCount: Math.max(0, pendingCount - waiting.length), earlierCount: 0 };
    },
    get pauseCause() {
      return pauseCause();
    },
  };
}
