import type { Booking } from '../booking-app/booking-store.js';
import type { DemoState } from '../booking-app/demo-page/demo-state.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { CrmMode } from '../crm-service/mode-switch.js';

/** The app answered, and its answer is no. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** What a member does to a booking, as the route that does it. */
export type BookingChange =
  | { readonly kind: 'book'; readonly sessionId: number }
  | { readonly kind: 'cancel' | 'reactivate'; readonly bookingId: number };

const TIMEOUT_MS = 10_000;

interface Call {
  readonly token?: string | undefined;
  readonly body?: object | undefined;
}

/** Rejects with `RefusedError` for an answer that is no success, with another error where none comes. */
async function call(method: string, path: string, { token, body }: Call = {}): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body ? JSON.stringify(body) : null,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = (await response.json()) as { error?: string };
  if (!response.ok) throw new RefusedError(answer.error ?? `The app answered ${response.status}`);
  return answer;
}

export async function readState(): Promise<DemoState> {
  return (await call('GET', '/demo/state')) as DemoState;
}

export async function readInbox(): Promise<CrmInbox> {
  return (await call('GET', '/demo/inbox')) as CrmInbox;
}

export async function setCrmMode(mode: CrmMode): Promise<void> {
  await call('POST', '/demo/crm', { body: { mode } });
}

/** Answers the id of the process that ends now. */
export async function killApp(): Promise<number> {
  return ((await call('POST', '/demo/kill')) as { pid: number }).pid;
}

export async function changeBooking(change: BookingChange, token: string): Promise<Booking> {
  const answer = await callBookingRoute(change, token);
  return (answer as { booking: Booking }).booking;
}

function callBookingRoute(change: BookingChange, token: string): Promise<unknown> {
  switch (change.kind) {
    case 'book':
      return call('POST', '/bookings', { token, body: { session_id: change.sessionId } });
    case 'cancel':
      return call('DELETE', `/bookings/${change.bookingId}`, { token });
    case 'reactivate':
      return call('POST', `/bookings/${change.bookingId}/reactivate`, { token });
  }
}
