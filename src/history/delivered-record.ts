import { instantText } from '../core/instant-text.js';
import type { DeliveredNotification } from './timeline-entry.js';

interface DeliveredRecord extends Omit<DeliveredNotification, 'position' | 'acceptedAt' | 'deliveredAt'> {
  readonly state: 'delivered';
  /** ISO 8601, as the next. */
  readonly acceptedAt: string;
  readonly deliveredAt: string;
}

/** A delivered notification as it is printed and exported, with instants as text. */
export function deliveredRecord({
  position: _position,
  acceptedAt,
  deliveredAt,
  ...delivered
}: DeliveredNotification): DeliveredRecord {
  const instants = { acceptedAt: instantText(acceptedAt), deliveredAt: instantText(deliveredAt) };
  return { state: 'delivered', ...delivered, ...instants };
}

export const deliveredHeader = [
  ...['state', 'target', 'id', 'type', 'lane', 'acceptedAt', 'deliveredAt', 'attempts', 'status', 'durationMs'],
];

/** The same in cells, as `deliveredHeader` names them. */
export function deliveredCells(notification: DeliveredNotification): readonly (string | number)[] {
  const { state, target, id, type, lane, acceptedAt, deliveredAt, attempts, status, durationMs } =
    deliveredRecord(notification);
  return [state, target, id, type, lane, acceptedAt, deliveredAt, attempts, status, durationMs];
}
