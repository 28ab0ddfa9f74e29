import type { Issue } from '../../core/errors.js';

const dayMs = 86_400_000;

/**
 * How long an id is remembered by default. A sender tries for three days (`retry.maxAgeMs`) and keeps dead letters for thirty
 * (`outbox.deadRetentionMs`), of which the CRM may have taken one without the sender having heard of it.
 */
export const defaultKeepMs = 40 * dayMs;

/** How often what is older is deleted. */
export const pruneEveryMs = 3_600_000;

/** What is wrong with a `keepMs`; none if it can be used. */
export function keepMsIssues(keepMs: unknown): readonly Issue[] {
  const isDuration = typeof keepMs === 'number' && Number.isFinite(keepMs) && keepMs > 0;
  return isDuration ? [] : [{ path: 'store.keepMs', message: 'must be a positive number of milliseconds' }];
}
