import type { Booking } from '../booking-app/booking-store.js';
import type { DemoState } from '../booking-app/demo-page/demo-state.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import type { SharedState } from '../supervisor/shared-state.js';
import type { PageState } from './view.js';

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

const TIMEOUT_MS = 10_000;

interface Call {
  readonly token?: string | undefined;
  readonly body?: object | undefined;
}

/** Rejects with `RefusedError` for an error status, and with another error if there is no response. */
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
  const result = (await response.json()) as { error?: string };
  if (!response.ok) throw new RefusedError(response.status, result.error ?? `The app responded ${response.status}`);
  return result;
}

export async function readState(): Promise<PageState> {
  const state = (await call('GET', '/demo/state')) as DemoState | SharedState;
  if ('apps' in state) return { ...state, isShared: true };
  const { app, ...rest } = state;
  return { ...rest, isShared: false, apps: [{ number: 1, url: '', process: app, leadsSince: app.startedAt }] };
}

export async function readInbox(): Promise<CrmInbox> {
  return (await call('GET', '/demo/inbox')) as CrmInbox;
}

export async function setCrmMode(mode: CrmMode): Promise<void> {
  await call('POST', '/demo/crm', { body: { mode } });
}

/** Returns the id of the process that was killed. */
export async function killApp(): Promise<number> {
  return ((await call('POST', '/demo/kill')) as { pid: number }).pid;
}

/** `appPath` leads to the app that shall make the change; empty where there is one app. */
export async function changeBooking(change: BookingChange, token: string, appPath: string): Promise<Booking> {
  return ((await callBookingRoute(change, token, `${appPath}/bookings`)) as { booking: Booking }).booking;
}

function callBookingRoute(change: BookingChange, token: string, path: string): Promise<unknown> {
  switch (change.kind) {
    case 'book':
      return call('POST', path, { token, body: { session_id: change.sessionId } });
    case 'cancel':
      return call('DELETE', `${path}/${change.bookingId}`, { token });
    case 'reactivate':
      return call('POST', `${path}/${change.bookingId}/reactivate`, { token });
  }
}
