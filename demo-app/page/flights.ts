import type { DemoSnapshot } from '../supervisor/read-snapshot.js';
import { byId } from './dom.js';

/** Where a token comes by. */
export type Station = 'app' | 'outbox' | 'crm';

export interface Flight {
  readonly id: string;
  readonly lane: string;
  /** The last one is where its token is now. */
  readonly route: readonly Station[];
}

/** How the notifications moved from one snapshot to the next, in the order of their arrival. */
export function flightsBetween(before: DemoSnapshot, after: DemoSnapshot): Flight[] {
  const waited = new Map(before.outbox.entries.map((entry) => [entry.id, entry]));
  const hadArrived = new Set(before.arrivals.map(({ id }) => id));
  const flights: Flight[] = [];
  for (const { id, lane } of after.arrivals.toReversed()) {
    if (!hadArrived.has(id))
      flights.push({ id, lane, route: waited.has(id) ? ['outbox', 'crm'] : ['app', 'outbox', 'crm'] });
  }
  const hasArrived = new Set(after.arrivals.map(({ id }) => id));
  for (const { id, lane, state, attempts } of after.outbox.entries) {
    const earlier = waited.get(id);
    if (hasArrived.has(id)) continue;
    if (!earlier)
      flights.push({ id, lane, route: state === 'dead' ? ['app', 'outbox', 'crm', 'outbox'] : ['app', 'outbox'] });
    else if (earlier.state === 'pending' && (state === 'dead' || attempts > earlier.attempts))
      flights.push({ id, lane, route: ['outbox', 'crm', 'outbox'] });
  }
  return flights;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

const LEG_MS = 450;
const STAGGER_MS = 60;
/** Of more at once one sees no single one. */
const MAX_AT_ONCE = 12;

export interface Flights {
  /** Remembers where the tokens are; call it before they move. */
  prepare(): void;
  /** Shows how they have moved. */
  show(flights: readonly Flight[]): void;
}

/** Lets copies of the tokens fly over the page, so that nothing else moves. */
export function createFlights(): Flights {
  const layer = byId('flights');
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let places = new Map<string, Place>();
  /** The last flight of each token that has not landed. */
  const underWay = new Map<string, Promise<void>>();

  function show({ id, lane, route }: Flight, index: number): void {
    const list = LISTS[route.at(-1) ?? 'app'];
    const token = document.querySelector<HTMLElement>(`#${list} [data-token="${CSS.escape(id)}"]`);
    if (!token) return;
    const stations = route.slice(0, -1).map((station, step) => {
      if (station === 'app') return placeInApp(lane);
      return (step === 0 ? places.get(id) : undefined) ?? placeOf(byId(HEADINGS[station]));
    });
    const frames = [...stations, placeOf(token)].map(({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` }));
    const timing = { duration: LEG_MS * stations.length, delay: index * STAGGER_MS, easing: 'ease-in-out' };
    const copy = token.cloneNode(true) as HTMLElement;
    delete copy.dataset['token'];
    copy.dataset['route'] = route.join(' ');

    // One after the other: a token that has just left the app reaches the outbox before it leaves for the CRM.
    const flight = fly({ copy, token, layer, frames, timing }, underWay.get(id)).then(() => {
      if (underWay.get(id) === flight) underWay.delete(id);
    });
    underWay.set(id, flight);
  }

  return {
    prepare() {
      const tokens = document.querySelectorAll<HTMLElement>('#lanes [data-token]');
      places = new Map([...tokens].map((token) => [token.dataset['token'] ?? '', placeOf(token)]));
    },
    show(flights) {
      if (reducedMotion.matches || document.hidden) return;
      for (const [index, flight] of flights.slice(-MAX_AT_ONCE).entries()) show(flight, index);
    },
  };
}

interface Animation {
  readonly copy: HTMLElement;
  /** Hidden until its copy has landed. */
  readonly token: HTMLElement;
  readonly layer: HTMLElement;
  readonly frames: Keyframe[];
  readonly timing: KeyframeAnimationOptions;
}

async function fly(
  { copy, token, layer, frames, timing }: Animation,
  earlier: Promise<void> | undefined,
): Promise<void> {
  token.classList.add('in-flight');
  await earlier;
  // The earlier one may have shown it.
  token.classList.add('in-flight');
  layer.append(copy);
  await copy.animate(frames, { ...timing, fill: 'both' }).finished.catch(() => undefined);
  copy.remove();
  token.classList.remove('in-flight');
}

/** The ids of the lists and headings in the page. */
const LISTS: Readonly<Record<Station, string>> = { app: 'sessions', outbox: 'lanes', crm: 'inbox' };
const HEADINGS: Readonly<Record<Station, string>> = {
  app: 'app-heading',
  outbox: 'outbox-heading',
  crm: 'inbox-heading',
};

/** Its booking or event; the app's heading if that is not in view. */
function placeInApp(lane: string): Place {
  const row = document.querySelector<HTMLElement>(`#app-panel [data-lane="${CSS.escape(lane)}"]`);
  return placeOf(row && isInView(row) ? row : byId(HEADINGS.app));
}

function isInView(row: HTMLElement): boolean {
  const { top, bottom } = row.getBoundingClientRect();
  const list = row.parentElement?.getBoundingClientRect();
  return list !== undefined && top >= list.top && bottom <= list.bottom && list.height > 0;
}

/** Of what has been scrolled out of its list: the list's edge. */
function placeOf(node: HTMLElement): Place {
  const { left, top, height } = node.getBoundingClientRect();
  const list = node.closest('.rows')?.getBoundingClientRect();
  return { x: left, y: list ? Math.max(list.top, Math.min(top, list.bottom - height)) : top };
}
