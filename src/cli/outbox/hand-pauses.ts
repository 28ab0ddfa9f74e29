import { durationText } from '../../core/duration-text.js';
import type { HandPause, PauseChange } from '../../history/history.js';
import { pausedByHand } from '../../history/paused-by-hand.js';
import { safeText } from '../output.js';
import type { ReadableOutbox } from './open-outbox.js';

/** The targets of what it holds, those that the process which delivers reports, and those that were paused or resumed before. */
export async function knownTargets(outbox: ReadableOutbox): Promise<readonly string[]> {
  const [held, processes, changes] = [await outbox.targets(), await outbox.processes(), await outbox.pauseChanges()];
  const reported = processes.flatMap(({ targets }) => Object.keys(targets));
  const changed = changes.flatMap(({ target }) => (target === null ? [] : [target]));
  return [...new Set([...held, ...reported, ...changed])].toSorted();
}

/** Names those that are known if this one is not: a name that is mistyped finds nothing. */
export async function unknownTargetText(outbox: ReadableOutbox, target: string | undefined): Promise<string> {
  if (target === undefined) return '';
  const known = await knownTargets(outbox);
  if (known.length === 0 || known.includes(target)) return '';
  return ` The target ${safeText(target, 64)} is not known; those known are ${known.map((name) => safeText(name)).join(', ')}.`;
}

/** What is paused by hand in an outbox. */
export interface HandPausesRecord {
  /** If all targets are, also those that nobody knows yet. */
  readonly all: HandPause | null;
  /** The targets that are known, by their names; null for one that is not paused. */
  readonly targets: Readonly<Record<string, HandPause | null>>;
}

export async function readHandPauses(outbox: ReadableOutbox): Promise<HandPausesRecord> {
  const changes: readonly PauseChange[] = await outbox.pauseChanges();
  const ofAll = changes.find(({ target }) => target === null);
  const known = (await knownTargets(outbox)).map((name) => [name, pausedByHand(changes, name)] as const);
  return {
    all: ofAll?.isPaused === true ? { by: ofAll.by, since: ofAll.at } : null,
    targets: Object.fromEntries(known),
  };
}

/** A line for each pause by hand: one for all targets, and for each that was paused by itself. */
export function handPauseLines({ all, targets }: HandPausesRecord, now: number): readonly string[] {
  const lineOf = (what: string, { by, since }: HandPause): string =>
    `paused   ${what} by ${by === null ? 'hand' : safeText(by)}, for ${durationText(Math.max(0, now - since))}`;
  const known = Object.entries(targets);
  const exceptions = known.flatMap(([name, pause]) => (pause === null ? [safeText(name)] : []));
  const but = exceptions.length === 0 ? '' : ` but ${exceptions.join(', ')}`;
  const own = known.flatMap(([name, pause]) =>
    pause === null || (pause.since === all?.since && pause.by === all.by) ? [] : [lineOf(safeText(name), pause)],
  );
  return [...(all === null ? [] : [lineOf(`all targets${but}`, all)]), ...own];
}
