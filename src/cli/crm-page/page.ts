import { byId, make, numberText, setText, timeElement, timeText } from '../../dashboard/page/element.js';
import type { Arrival, ArrivalsUpdate } from '../crm-arrivals.js';

const pollMs = 1_000;
const timeoutMs = 5_000;
const maxShown = 200;

const connection = byId('connection', HTMLElement);
const fault = byId('fault', HTMLElement);
const total = byId('total', HTMLElement);
const empty = byId('empty', HTMLElement);
const list = byId('arrivals', HTMLOListElement);

const items = new Map<number, HTMLElement>();
let run = 0;
let seen = 0;

/** Asks for what is new, shows it, and schedules the next question. */
async function poll(): Promise<void> {
  try {
    const response = await fetch(`arrivals?run=${run}&seen=${seen}`, { signal: AbortSignal.timeout(timeoutMs) });
    show((await response.json()) as ArrivalsUpdate);
  } catch {
    connection.dataset['state'] = 'lost';
    setText(connection, 'No connection: the CRM is down, or its command has ended. Trying again …');
  }
  setTimeout(() => void poll(), pollMs);
}

function show(update: ArrivalsUpdate): void {
  if (update.run !== run) {
    items.clear();
    list.replaceChildren();
  }
  ({ run, seen } = update);
  connection.dataset['state'] = 'live';
  setText(connection, 'Live');
  setText(fault, update.fault === 'ok' ? 'none' : update.fault);
  fault.dataset['fault'] = String(update.fault !== 'ok');
  setText(total, numberText(update.total));
  for (const arrival of update.arrivals) showArrival(arrival);
  for (const [number, item] of items) {
    if (items.size <= maxShown) break;
    items.delete(number);
    item.remove();
  }
  empty.hidden = items.size > 0;
  list.hidden = items.size === 0;
}

/** Adds it at the top, or shows the response that it has got. */
function showArrival(arrival: Arrival): void {
  const shown = items.get(arrival.number);
  if (shown !== undefined) {
    shown.querySelector('.status')?.replaceWith(statusOf(arrival));
    return;
  }
  const { at, type, id, userId, retryCount, body } = arrival;
  const item = make(
    'li',
    'arrival',
    timeElement(at, timeText(at)),
    statusOf(arrival),
    make('span', 'type', type),
    make('span', 'user', userId === null ? 'no user' : `user ${userId}`),
    make('span', 'retries', retryCount === 0 ? 'first attempt' : `retry ${numberText(retryCount)}`),
    make('span', 'id', id ?? 'no id'),
  );
  if (body !== null) item.append(make('details', '', make('summary', '', 'Body'), make('pre', '', prettyOf(body))));
  items.set(arrival.number, item);
  list.prepend(item);
}

function statusOf({ status }: Arrival): HTMLElement {
  const text = status === null ? 'no response' : String(status);
  const shown = make('span', 'status', text);
  if (status !== null) shown.dataset['outcome'] = status >= 200 && status < 300 ? 'taken' : 'refused';
  return shown;
}

function prettyOf(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}

setText(byId('origin', HTMLElement), location.origin);
void poll();
