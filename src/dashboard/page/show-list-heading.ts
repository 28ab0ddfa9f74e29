import { byId } from './element.js';

/** Brings the list to the top of the window, so that its entries are seen below its heading, which gets the focus. */
export function showListHeading(): void {
  const heading = byId('list-heading', HTMLElement);
  heading.scrollIntoView({ block: 'start' });
  heading.focus({ preventScroll: true });
}
