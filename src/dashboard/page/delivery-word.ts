import type { Overview } from '../api-contract.js';
import { byHandText } from './pause-text.js';

type Targets = Overview['targets'];

/** How delivery goes, in a few words: of several targets, where it goes worst. `isAlarm`: somebody may have to do something. */
export function deliveryWord(targets: Targets): { readonly word: string; readonly isAlarm: boolean } {
  const word = worstWord(targets);
  return { word, isAlarm: word !== 'runs' };
}

function worstWord(targets: Targets): string {
  const byHand = targets.map(({ pause }) => byHandText(pause));
  const paused = byHand.filter((text) => text !== undefined);
  if (paused.length > 0 && paused.length === targets.length) {
    return `paused ${new Set(paused).size === 1 ? (paused[0] ?? '') : 'by hand'}`;
  }
  if (targets.some(({ pause }) => pause?.cause.kind === 'pausesUnknown')) return 'waits';
  // What is paused by hand waits for nothing else.
  const others = targets.filter((_, index) => byHand[index] === undefined);
  const open = others.find(({ circuit }) => circuit === 'open');
  if (open !== undefined) return `waits for ${open.name}`;
  const tested = others.find(({ circuit }) => circuit === 'half-open');
  if (tested !== undefined) return `tries ${tested.name} again`;
  if (targets.length === 0 || others.some(({ circuit }) => circuit === null)) return 'unknown';
  return paused.length > 0 ? 'paused in part' : 'runs';
}
