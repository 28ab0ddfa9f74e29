import { make, unseen } from './element.js';

/** A button of the view of a notification, which screen readers hear with what it is for. */
export function makeNotificationButton(name: HTMLElement | string, onClick: () => void, tone = ''): HTMLButtonElement {
  const made = make('button', `button ${tone}`.trim(), name, unseen(' this notification'));
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}
