import type { OutboxAccess } from '../outbox/outbox-access.js';
import type { HandPause } from './history.js';

export interface TryResult {
  /** The targets for which it is tried. */
  readonly tried: readonly string[];
  /** The targets for which it is pending, but whose delivery somebody has paused. */
  readonly paused: readonly PausedTarget[];
}

export interface PausedTarget extends HandPause {
  readonly target: string;
}

/** Makes a pending notification due at once, of one target or of all, but of none that is paused by hand: it would wait there. */
export async function tryUnlessPaused(
  access: Pick<OutboxAccess, 'find' | 'tryNow'>,
  { id, target }: { readonly id: string; readonly target?: string | undefined },
  pauseOf: (target: string) => HandPause | null,
): Promise<TryResult> {
  const found = await access.find(id, target);
  const tried: string[] = [];
  const paused: PausedTarget[] = [];
  for (const { target: name } of found.filter(({ state }) => state === 'pending')) {
    const pause = pauseOf(name);
    if (pause !== null) paused.push({ target: name, ...pause });
    else if ((await access.tryNow(id, name)) > 0) tried.push(name);
  }
  return { tried, paused };
}

/** Why it was not tried for a target, and what to do. */
export function pausedText({ target, by }: PausedTarget): string {
  return `delivery to ${target} is paused by ${by ?? 'hand'}; resume it first`;
}
