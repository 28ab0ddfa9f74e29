import type { NotifierConfig } from '../config/resolve-config.js';

/** What a post office needs to know: plain data, so that it can cross into a thread. */
export interface PostOfficeSettings extends Pick<
  NotifierConfig,
  | 'baseUrl'
  | 'timeoutMs'
  | 'healthTimeoutMs'
  | 'sync'
  | 'concurrency'
  | 'rateLimit'
  | 'retry'
  | 'breaker'
  | 'maxPending'
  | 'deadRetentionMs'
> {
  /** The outbox's file, prepared and claimed; undefined for an outbox in memory. */
  readonly file: string | undefined;
}
