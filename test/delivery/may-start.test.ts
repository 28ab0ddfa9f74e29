import { setImmediate as turn } from 'node:timers/promises';
import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { sampleNotification } from '../helpers/sample-notification.js';
import { accept } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { createWatchedOutbox } from '../helpers/watched-outbox.js';
import { useDelivery } from './use-delivery.js';

describe('a delivery in whose place another process may deliver', () => {
  const startDelivery = useDelivery();
  const startCrm = useCrm();

  it('neither sends again what a used connection was reset for, nor takes the CRM for unreachable', async () => {
    let isLeading = true;
    let count = 0;
    const crm = await startCrm((received, res) => {
      count += 1;
      if (count === 1) void accept(received, res);
      else {
        isLeading = false;
        res.socket?.resetAndDestroy();
      }
    });
    const outbox = createWatchedOutbox();
    const events: DeliveryEvent[] = [];
    const onEvent = (event: DeliveryEvent): void => void events.push(event);
    const mayStart = (): boolean => isLeading;
    const delivery = startDelivery({ baseUrl: crm.url, outbox, clock: createOwnedClock(), onEvent, mayStart });
    for (const lane of ['a', 'b']) {
      delivery.wake(outbox.append([sampleNotification({ lane })]));
      do await turn();
      while (delivery.inFlight > 0);
    }
    expect(crm.received).toHaveLength(2);
    expect(events.map(({ kind }) => kind)).toEqual(['delivered']);
  });
});
