import type { AppOverview } from '../supervisor/shared-state.js';
import { createChoice } from './choice.js';
import { byId, createList, element, setText } from './dom.js';
import type { View } from './view.js';
import { durationText } from './wording.js';

/** The apps that share an outbox: which of them runs and which leads, and at which one to book. */
export interface SharedAppsPanel {
  show(view: View): void;
  /** The number of the app at which to book. */
  readonly chosenNumber: number;
}

export function createSharedAppsPanel(): SharedAppsPanel {
  const choice = createChoice(byId('booking-apps'), 'app', () => undefined);
  const showApps = createList<AppOverview>(byId('apps'), ({ number }) => number, createAppRow);
  const dashboardLink = byId('dashboard-link');
  let hasBegun = false;

  return {
    show({ state: { apps } }) {
      if (!hasBegun) begin();
      hasBegun = true;
      choice.show(apps.map(({ number }) => `App ${number}`));
      showApps(apps);
      const known = apps.find(({ leadsSince }) => leadsSince !== undefined);
      if (known) dashboardLink.setAttribute('href', `${known.url}/dashboard/`);
    },
    get chosenNumber() {
      return Number(choice.chosen.replace('App ', ''));
    },
  };
}

/** The page's texts are about one app until it is known that there are several. */
function begin(): void {
  for (const id of ['apps', 'app-choice']) byId(id).hidden = false;
  setText(byId('cast'), 'two booking apps, their outbox in PostgreSQL and a CRM');
  setText(byId('app-heading'), 'Booking apps');
  setText(byId('app-note'), 'Each notifies the CRM in the booking’s own transaction.');
  setText(byId('outbox-note'), 'A table beside the bookings. One app leads: it delivers for both.');
  setText(byId('kill'), 'Kill the leader with SIGKILL');
}

function createAppRow({ number }: AppOverview): { node: HTMLElement; update(app: AppOverview): void } {
  const details = element('span', 'details');
  const role = element('span', 'role');
  return {
    node: element('li', '', element('strong', '', `App ${number}`), details, role),
    update({ url, process, leadsSince }) {
      const age = process && durationText(Math.max(1000, Date.now() - process.startedAt));
      setText(details, process ? `${url}, process ${process.pid}, up for ${age}` : url);
      role.dataset['tone'] = leadsSince === undefined ? (process ? 'waiting' : 'bad') : 'good';
      const text = process ? 'accepts, and can take over' : 'is not running';
      setText(role, leadsSince === undefined ? text : 'leads');
    },
  };
}
