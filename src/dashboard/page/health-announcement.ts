import type { Health, Problem } from '../api-contract.js';
import { byId, setText } from './element.js';

/** What the health line shows: the server's health, or that it is not known. */
export type ShownHealth =
  | Health
  | (Pick<Health, 'title' | 'sentence' | 'others'> & { readonly level: 'unknown'; readonly code: 'disconnected' });

/** The same trouble is not announced more often, however it changes. */
const repeatMs = 30_000;
/** By then it was read out; who reads the page meets the sentence beside it, which is never older. */
const keptMs = 10_000;

/**
 * Lets screen readers announce each change of the health: another reason, target or person, and more or fewer dead letters, but not every
 * change of another number.
 */
export function createHealthAnnouncement(): (health: ShownHealth, sentences: readonly string[]) => void {
  const announcement = byId('health-announcement', HTMLElement);
  let announced: { readonly codes: string; readonly about: string; readonly atMs: number } | undefined;

  return (health, sentences) => {
    const nowMs = performance.now();
    const problems = [health, ...health.others];
    const codes = problems.map(({ code }) => code).join();
    const about = problems.map(aboutOf).join('\n');
    const isOther = announced?.codes !== codes;
    const sinceMs = nowMs - (announced?.atMs ?? -Infinity);
    if (isOther || (announced?.about !== about && sinceMs >= repeatMs)) {
      announced = { codes, about, atMs: nowMs };
      setText(announcement, sentences.join(' '));
    } else if (sinceMs >= keptMs) setText(announcement, '');
  };
}

/** What the health is about. The title has the number that matters, if one does; those of a sentence change all the time. */
function aboutOf({ level, code, title, sentence }: ShownHealth | Problem): string {
  if (level === 'fine') return code;
  return `${title}: ${sentence.replace(/[\d,]+ (?:second|minute|hour|day|(?:pending )?notification)s?/g, '…')}`;
}
