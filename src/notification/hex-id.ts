import { notAwaited } from '../core/call-safely.js';
import type { HexId, Id, WireId } from './notification.js';

/** Whether it is an object that stands for a hexadecimal string, such as MongoDB's `ObjectId`. */
export function isHexId(value: unknown): value is HexId {
  return typeof (value as Partial<HexId> | null | undefined)?.toHexString === 'function';
}

/** An id as it is sent; anything else is returned as it is, for `checkId` to refuse. */
export function wireId<Given extends Id | null | undefined>(id: Given): WireId | Exclude<Given, HexId> {
  return isHexId(id) ? notAwaited(id.toHexString()) : (id as Exclude<Given, HexId>);
}
