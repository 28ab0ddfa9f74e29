import { make } from './element.js';

/** A link to the view of one notification, which `address.ts` follows without loading the page. */
export function notificationLink(id: string, text = id): HTMLAnchorElement {
  const link = make('a', 'code notification-link', text);
  link.href = `?${new URLSearchParams({ id }).toString()}`;
  link.dataset['notification'] = id;
  if (text !== id) link.title = id;
  return link;
}
