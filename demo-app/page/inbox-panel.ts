import type { StoredNotification } from '../crm-service/notification-store.js';
import { byId, createList, element, setText } from './dom.js';
import { laneOf } from './view.js';
import type { View } from './view.js';
import { clockText, countText, hueOf } from './wording.js';

export function createInboxPanel(): (view: View) => void {
  const note = byId('inbox-note');
  const list = byId('inbox');
  const showInbox = createList<StoredNotification>(
    list,
    ({ notification_id }) => notification_id,
    (notification) => ({ node: createEntry(notification), update: () => undefined }),
  );

  return ({ inbox }) => {
    if (!inbox) return;
    const { count, notifications } = inbox;
    const shown = notifications.length < count ? `the newest ${notifications.length} here` : 'newest first';
    setText(note, count === 0 ? 'Nothing has arrived yet.' : `${countText(count, 'notification')} arrived, ${shown}.`);
    showInbox(notifications);
    // Only entries that arrive after the page has opened are animated.
    list.dataset['live'] = 'true';
  };
}

function createEntry(notification: StoredNotification): HTMLElement {
  const { sequence, message, received_at, retry_count, additional_data } = notification;
  const lane = laneOf(notification);
  const tag = element('span', 'lane', lane);
  tag.dataset['hue'] = hueOf(lane);
  const session = additional_data['session_name'];
  const about = typeof session === 'string' ? ` · ${session}` : '';
  const retries = retry_count === 0 ? 'first attempt' : `after ${countText(retry_count, 'failed attempt')}`;
  return element(
    'li',
    'entry',
    element('span', 'sequence', `#${sequence}`),
    element(
      'div',
      'what',
      element('strong', '', message),
      element('span', 'details', `${clockText(received_at)} · ${retries}${about}`),
    ),
    tag,
  );
}
