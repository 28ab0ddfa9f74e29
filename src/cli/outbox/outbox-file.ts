import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CRMConfigError } from '../../core/errors.js';
import { outboxSettings } from '../../outbox/outbox-settings.js';
import type { DeadLetter, Outbox, PendingNotification, StoredNotification } from '../../outbox/outbox.js';
import { findOutboxFile } from '../../outbox/sqlite/outbox-directory.js';
import { openOutboxToRead, type ReadableOutbox } from '../../outbox/sqlite/read-outbox.js';
import { loadSqlite } from '../../outbox/sqlite/sqlite-driver.js';
import { openOutbox } from '../../post-office/open-outbox.js';
import { claimOutbox } from '../../post-office/outbox-claim.js';
import type { Logger } from '../../telemetry/logger.js';
import { type CliContext, CliFailure, UsageFailure } from '../command.js';

export interface OutboxOptions {
  readonly outbox?: string;
}

/** Where an existing outbox is. */
export interface OutboxPlace {
  readonly directory: string;
  readonly file: string;
}

export function addOutboxOption(command: Command): Command {
  return command.option('--outbox <dir>', 'the directory of the outbox (default: CRM_OUTBOX, then .crm-outbox)');
}

/** Returns the directory that the options name. It may not exist. Throws `UsageFailure` if it cannot be a directory. */
export function outboxDirectoryOf(options: OutboxOptions, { env }: Pick<CliContext, 'env'>): string {
  const { kind, variable, default: usual } = outboxSettings.path;
  const directory = options.outbox ?? env[variable] ?? String(usual);
  if (kind.check(directory) !== undefined)
    throw new UsageFailure('--outbox (CRM_OUTBOX) must be the path of a directory');
  if (directory !== ':memory:') return resolve(directory);
  throw new UsageFailure('an outbox in memory exists only inside its app; give the directory of one on disk');
}

/** Finds an existing outbox and creates nothing. Throws `CliFailure` if there is none, or none that we can use. */
export function findOutbox(options: OutboxOptions, context: Pick<CliContext, 'env'>): OutboxPlace {
  const directory = outboxDirectoryOf(options, context);
  let file: string | undefined;
  try {
    file = findOutboxFile(directory);
  } catch (error) {
    if (!(error instanceof CRMConfigError)) throw error;
    // Most of these name the directory, or what is in it.
    const problems = error.issues.map(({ message }) => (message.includes(directory) ? '' : `${directory} `) + message);
    throw new CliFailure(problems.join('; '), error.code);
  }
  if (file !== undefined) return { directory, file };
  const fix = "Give the app's outbox directory with --outbox DIR or CRM_OUTBOX";
  throw new CliFailure(`there is no outbox in ${directory}. ${fix}`, 'ERR_NO_OUTBOX');
}

/**
 * Throws `CliFailure` if we run as root and the outbox belongs to another user: the app could not open the files that root
 * creates in it.
 */
export function refuseAsRoot(directory: string): void {
  const uid = statSync(directory, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid === 0 || process.geteuid?.() !== 0) return;
  const fix = `Run this as its owner, for example: sudo -u '#${String(uid)}' crm-notifier …`;
  throw new CliFailure(`${directory} belongs to another user. ${fix}`, 'ERR_FOREIGN_OUTBOX');
}

/** Opens an outbox read-only, beside any app that uses it, for the time of one call. */
export async function readOutbox<Result>(
  { file }: OutboxPlace,
  read: (outbox: ReadableOutbox) => Result | Promise<Result>,
): Promise<Result> {
  const outbox = openOutboxToRead(loadSqlite(), file);
  try {
    return await read(outbox);
  } finally {
    outbox.close();
  }
}

/**
 * Opens an outbox for changes, as one more process that shares it, for the time of one call. This process does not deliver;
 * the one that does sees the changes by itself.
 */
export async function changeOutbox<Result>(
  place: OutboxPlace,
  logger: Logger,
  change: (outbox: Outbox) => Result | Promise<Result>,
): Promise<Result> {
  refuseAsRoot(place.directory);
  const claim = claimOutbox(place.directory);
  try {
    const onRepaired = (error: Error): void => {
      logger.error({}, error.message);
    };
    const now = (): number => Date.now();
    const { outbox } = openOutbox({ file: claim.file, sync: 'full', now, onRepaired, runNative: undefined });
    try {
      return await change(outbox);
    } finally {
      outbox.close();
    }
  } finally {
    claim.release();
  }
}

const pageSize = 500;

/** Reads pending notifications page by page, each target's oldest first. `search` is looked for in id, type and lane, ignoring case. */
export function* pendingIn(outbox: ReadableOutbox, search = ''): Generator<PendingNotification> {
  const wanted = search.toLowerCase();
  for (const target of outbox.targets()) {
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: PendingNotification[] = outbox.readAfter(target, after, pageSize);
      for (const notification of page) {
        const { id, type, lane } = notification;
        if ([id, type, lane].some((text) => text.toLowerCase().includes(wanted))) yield notification;
      }
      after = page.at(-1)?.position;
    }
  }
}

/** Reads dead letters, newest first, page by page. `search` is also looked for in the reason. */
export function* deadIn(outbox: Pick<ReadableOutbox, 'listDead'>, search?: string): Generator<DeadLetter> {
  let before: number | undefined;
  for (;;) {
    const page = outbox.listDead({ limit: pageSize, before, search });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    before = last.position;
  }
}

/** What `--json` prints of a pending notification: everything but the body. */
export function pendingRecord(notification: Omit<PendingNotification, 'body'>): object {
  const { target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent } = notification;
  return {
    state: 'pending',
    target,
    id,
    type,
    lane,
    occurredAt: instantText(occurredAt),
    acceptedAt: instantText(acceptedAt),
    attempts,
    nextAttemptAt: nextAttemptAt === 0 ? null : instantText(nextAttemptAt),
    traceparent: traceparent ?? null,
  };
}

/** What `--json` prints of a dead letter. */
export function deadRecord({ target, id, type, lane, occurredAt, diedAt, attempts, reason }: DeadLetter): object {
  return {
    state: 'dead',
    target,
    id,
    type,
    lane,
    occurredAt: instantText(occurredAt),
    diedAt: instantText(diedAt),
    attempts,
    reason: { kind: reason.kind, status: reason.status ?? null, detail: reason.detail },
  };
}

/** What `--json` prints of either, with the body. */
export function wholeRecord(stored: StoredNotification): object {
  const record = stored.state === 'pending' ? pendingRecord(stored) : deadRecord(stored);
  return { ...record, traceparent: stored.traceparent ?? null, body: bodyValue(stored.body) };
}

/** Returns a body as JSON if that loses nothing, otherwise as text. */
export function bodyValue(body: Uint8Array): unknown {
  const text = Buffer.from(body).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** Formats an instant in ISO 8601. One out of range, which only a damaged file has, is shown as its number. */
export function instantText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
