import type { Notifier } from 'express-crm-notifier';
import { MAX_WAITING } from './delivery-watch.js';
import type { DeliveryWatch, WaitingNotification } from './delivery-watch.js';
import { watchPauses } from './watch-pauses.js';

/** Lists pending notifications from the notifier's events. It does not know those from before this process started. */
export function watchDelivery(crm: Notifier): DeliveryWatch {
  const waiting = new Map<string, WaitingNotification>();
  const pauseCause = watchPauses(crm);

  const onFailedAttempt = ({ id, attempts }: { readonly id: string; readonly attempts: number }): void => {
    const notification = waiting.get(id);
    if (notification) waiting.set(id, { ...notification, attempts });
  };
  const onSettled = ({ id }: { readonly id: string }): void => {
    waiting.delete(id);
  };
  crm.on('accepted', (notification) => waiting.set(notification.id, { ...notification, attempts: 0 }));
  crm.on('retry', onFailedAttempt);
  crm.on('refused', onFailedAttempt);
  crm.on('delivered', onSettled);
  crm.on('dead', onSettled);

  return {
    listPending: (pendingCount) => ({
      waiting: [...waiting.values()].slice(0, MAX_WAITING),
      furtherCount: Math.max(0, waiting.size - MAX_WAITING),
      earlierCount: Math.max(0, pendingCount - waiting.size),
    }),
    get pauseCause() {
      return pauseCause();
    },
  };
}
