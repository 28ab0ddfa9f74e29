import { element } from './dom.js';
import { hueOf } from './wording.js';

/** The token of a notification: the same colour wherever it is. */
export function createToken({ id, lane }: { readonly id: string; readonly lane: string }, text: string): HTMLElement {
  const token = element('span', 'token', text);
  token.dataset['token'] = id;
  token.dataset['hue'] = hueOf(lane);
  return token;
}
