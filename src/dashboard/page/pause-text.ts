import { failureText } from '../../core/failure-words.js';
import type { Pause } from '../../history/history.js';
import { recentText } from './element.js';

/** Why and since when; empty if it is not paused. */
export function pauseText(pause: Pause | null | undefined): string {
  return pause === null || pause === undefined ? '' : `${causeText(pause.cause)}, since ${recentText(pause.since)}`;
}

/** The same beside a word that says by whom it is paused by hand. */
export function pauseAside(pause: Pause | null): string {
  return pause?.cause.kind === 'byHand' ? `since ${recentText(pause.since)}` : pauseText(pause);
}

/** Who has paused it by hand, as `by ada`; undefined if nobody. */
export function byHandText(pause: Pause | null): string | undefined {
  return pause?.cause.kind === 'byHand' ? causeText(pause.cause) : undefined;
}

function causeText(cause: Pause['cause']): string {
  switch (cause.kind) {
    case 'byHand':
      return cause.by === null ? 'by hand' : `by ${cause.by}`;
    case 'pausesUnknown':
      return 'pauses by hand cannot be read';
    case 'unreachable':
      return failureText(cause.code);
    case 'unauthorised':
      return `token refused (${String(cause.status)})`;
    case 'misdirected':
      return `CRM URL wrong (${String(cause.status)})`;
  }
}
