import type { Health } from '../api-contract.js';
import { byId, setText } from './element.js';

/** What the health line shows: the server's health, or that it is not known. */
export type ShownHealth =
  Health | (Pick<Health, 'title' | 'sentence'> & { readonly level: 'unknown'; readonly code: 'disconnected' });

/** The same trouble is not announced more often, however it changes. */
const repeatMs = 30_000;
/** By then it was read out; who reads the page meets the sentence beside it, which is never older. */
const keptMs = 10_000;

/**
 * Lets screen readers announce each change of the health: another reason, target or person, and more or fewer dead letters, but not every
 * change of another number.
 */
export function createHealthAnnouncement(): (health: ShownHealth, sentence: string) => void {
  const announcement = byId('health-announcement', HTMLElement);
  let announced: { readonly code: string; readonly about: string; readonly atMs: number } | undefined;

  return (health, sentence) => {
    const nowMs = performance.now();
    const { code } = health;
    const about = aboutOf(health);
    const isOther = announced?.code !== code;
    const sinceMs = nowMs - (announced?.atMs ?? -Infinity);
    if (isOther || (announced?.about !== about && sinceMs >= repeatMs)) {
      announced = { code, about, atMs: nowMs };
      setText(announcement, sentence);
    } else if (sinceMs >= keptMs) setText(announcement, '');
  };
}

/** What the health is about. The title has the number that matters, if one does; those of a sentence change all the time. */
function aboutOf({ level, code, title, sentence }: ShownHealth): string {
  if (level === 'fine') return code;
  return `${title}: ${sentence.replace(/[\d,]+ (?:second|minute|hour|day|(?:pending )?notification)s?/g, '…')}`;
}
