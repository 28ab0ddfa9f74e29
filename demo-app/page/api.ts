import type { Booking } from '../booking-app/booking-store.js';
import type { Event } from '../booking-app/event-store.js';
import type { CrmMode } from '../crm-service/mode-switch.js';

/** The app responded with an error. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A change that a member makes to a booking; each kind has a route of its own. */
export type BookingChange =
  | { readonly kind: 'book'; readonly sessionId: number }
  | { readonly kind: 'cancel' | 'reactivate'; readonly bookingId: number };

/** Who makes a change, and at which app. */
export interface Caller {
  readonly token: string;
  readonly appNumber: number;
}

const TIMEOUT_MS = 10_000;

/** Rejects with `RefusedError` for an error status, and with another error if there is no response. */
async function call(method: string, path: string, body?: object, token?: string): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body ? JSON.stringify(body) : null,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const result = (await response.json()) as { error?: string };
  if (!response.ok) throw new RefusedError(response.status, result.error ?? `The app responded ${response.status}`);
  return result;
}

export async function setCrmMode(mode: CrmMode): Promise<void> {
  await call('POST', '/demo/crm', { mode });
}

/** Returns the id of the process that was killed. */
export async function killLeader(): Promise<number> {
  return ((await call('POST', '/demo/kill')) as { pid: number }).pid;
}

/** Returns how many dead letters are pending again. */
export async function redeliverAll(): Promise<number> {
  return ((await call('POST', '/demo/redeliver')) as { count: number }).count;
}

export async function changeBooking(change: BookingChange, { token, appNumber }: Caller): Promise<Booking> {
  const path = `/apps/${appNumber}/bookings`;
  return ((await callBookingRoute(change, token, path)) as { booking: Booking }).booking;
}

function callBookingRoute(change: BookingChange, token: string, path: string): Promise<unknown> {
  switch (change.kind) {
    case 'book':
      return call('POST', path, { session_id: change.sessionId }, token);
    case 'cancel':
      return call('DELETE', `${path}/${change.bookingId}`, undefined, token);
    case 'reactivate':
      return call('POST', `${path}/${change.bookingId}/reactivate`, undefined, token);
  }
}

export async function editEvent(event: Event, title: string, { token, appNumber }: Caller): Promise<void> {
  await call('PUT', `/apps/${appNumber}/events/${event.id}`, { title, start_date: event.start_date }, token);
}
