import { resolve } from 'node:path';
import type { Logger } from '../telemetry/logger.js';
import type { TargetUrls } from './target-urls.js';

export interface Start {
  /** The outbox's directory, `:memory:`, or where it is in PostgreSQL. */
  readonly outbox: string | { readonly server: string };
  readonly urls: TargetUrls;
  readonly guarantee: 'before-response' | 'after-response';
  /** Whether this is a test run that named no outbox. */
  readonly isApart: boolean;
}

/** Logs the first line: where the outbox is, who the CRM is, and what holds for a booking that a client saw succeed. */
export function logStart(logger: Required<Logger>, { outbox, urls, guarantee, isApart }: Start): void {
  const isInMemory = outbox === ':memory:';
  const where = typeof outbox !== 'string' ? outbox.server : isInMemory ? outbox : resolve(outbox);
  const place = isInMemory ? 'in memory' : where;
  const why = isApart ? ', because this is a test run that names none' : '';
  const when = guarantee === 'before-response' ? 'before its response goes out' : 'as its response goes out';
  const promise = isInMemory ? 'what is not delivered ends with the process' : `a notification is saved ${when}`;
  const all = [...urls];
  const [[, url] = ['', '']] = all;
  const whereTo = all.length === 1 ? { url } : { targets: Object.fromEntries(all) };
  const named = all.length === 1 ? url : all.map(([target, itsUrl]) => `${target} (${itsUrl})`).join(', ');
  logger.info({ outbox: where, ...whereTo, guarantee }, `CRM outbox ${place}${why}; posts to ${named}; ${promise}`);
}
