import type { NotificationDraft } from '../notification/notification.js';
import type { HookAccess } from '../notifier/request-notifier.js';

/** A hook at work for one request. */
interface RunningHook {
  readonly access: Pick<HookAccess, 'transactions'>;
  /** On the monotonic clock. */
  readonly beganAtMs: number;
}

/** Whether the very notification that a hook is about to make was written in a transaction by a call that did not know its request. */
export function wasWrittenUnbound(
  { access: { transactions }, beganAtMs }: RunningHook,
  build: () => NotificationDraft,
): boolean {
  const { recentWrites } = transactions;
  if (!recentWrites.isAnySince(beganAtMs)) return false;
  try {
    const { notificationType, lane } = build();
    return recentWrites.take(notificationType, lane, beganAtMs);
  } catch {
    // It is built again to be rejected.
    return false;
  }
}
