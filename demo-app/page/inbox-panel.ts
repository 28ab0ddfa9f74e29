import type { Arrival } from '../crm-service/arrival.js';
import { byId, createList, element, setText } from './dom.js';
import { createToken } from './token.js';
import type { View } from './view.js';
import { clockText, countText, happeningText } from './wording.js';

export function createInboxPanel(): (view: View) => void {
  const note = byId('inbox-note');
  const showInbox = createList<Arrival>(
    byId('inbox'),
    ({ id }) => id,
    (arrival) => ({ node: createEntry(arrival), update: () => undefined }),
  );

  return ({ snapshot: { crm, arrivals } }) => {
    if (crm)
      setText(note, crm.count === 0 ? 'Nothing has arrived yet.' : `${countText(crm.count, 'notification')} arrived.`);
    showInbox(arrivals);
  };
}

function createEntry(arrival: Arrival): HTMLElement {
  const { sequence, type, lane, about, receivedAt, retryCount } = arrival;
  const retries = retryCount === 0 ? 'first attempt' : `after ${countText(retryCount, 'failed attempt')}`;
  return element(
    'li',
    'entry',
    element('span', 'sequence', `#${sequence}`),
    createToken(arrival, `${lane} ${happeningText(type)}`),
    element('span', 'details about', about),
    element('span', 'details clock', clockText(receivedAt)),
    element('span', 'details', retries),
  );
}
