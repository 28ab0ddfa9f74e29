import type { Notifier, PauseCause } from 'express-crm-notifier';

/** A pending notification that this process accepted. */
export interface WaitingNotification {
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** How many attempts have failed. */
  readonly attempts: number;
}

export interface DeliveryWatch {
  /** Oldest first. */
  waiting(): WaitingNotification[];
  /** Why delivery is paused; undefined if it is not. */
  readonly pauseCause: PauseCause | undefined;
}

/** Lists pending notifications from the notifier's events. It does not know those from before this process started. */
export function watchDelivery(crm: Notifier): DeliveryWatch {
  const waiting = new Map<string, WaitingNotification>();
  let pauseCause: PauseCause | undefined;

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
  crm.on('paused', ({ cause }) => {
    pauseCause = cause;
  });
  crm.on('resumed', () => {
    pauseCause = undefined;
  });

  return {
    waiting: () => [...waiting.values()],
    get pauseCause() {
      return pauseCause;
    },
  };
}
