import { buildBooking, buildEvent, buildNotification } from '../notification/build-draft.js';
import type { NotificationDraft } from '../notification/notification.js';
import type { NotifyInTransaction, Written } from './notify.js';

/** The calls that notify in a transaction; `write` writes what one of them builds. */
export function notifyIn(write: (build: () => NotificationDraft) => Promise<Written>): NotifyInTransaction {
  return {
    notify: (input) => write(() => buildNotification(input)),
    notifyBooking: (input) => write(() => buildBooking(input)),
    notifyEvent: (input) => write(() => buildEvent(input)),
  };
}
