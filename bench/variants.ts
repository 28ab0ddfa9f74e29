/** One way for an app to tell the collector. */
export interface Variant {
  readonly name: string;
  /** The file in `senders/`. */
  readonly sender: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly needsRedis?: boolean;
}

const ours = { sender: 'express-crm-notifier' };

export const bare: Variant = { name: 'bare', sender: 'none' };

export const beforeResponse: Variant = { ...ours, name: 'ours' };

export const variants: readonly Variant[] = [
  bare,
  beforeResponse,
  { ...ours, name: 'ours after-response', options: { guarantee: 'after-response' } },
  { ...ours, name: 'ours in batches', options: { batch: { maxCount: 500 } } },
  { ...ours, name: 'ours sync normal', options: { sync: 'normal' } },
  { ...ours, name: 'ours inline', options: { thread: false } },
  { ...ours, name: 'ours inline after-response', options: { thread: false, guarantee: 'after-response' } },
  { name: 'fetch awaited', sender: 'fetch', options: { isAwaited: true } },
  { name: 'fetch not awaited', sender: 'fetch', options: { isAwaited: false } },
  { name: 'undici Pool on finish', sender: 'pool-on-finish' },
  { name: 'Segment', sender: 'segment' },
  { name: 'PostHog', sender: 'posthog' },
  { name: 'BullMQ', sender: 'bullmq', needsRedis: true },
];
