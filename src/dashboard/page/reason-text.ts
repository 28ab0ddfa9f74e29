import { replyWords } from '../../core/reply-words.js';
import { make } from './element.js';

/** Longer reasons are folded up. */
const foldAt = 300;

/** The words of a reason, with a cue where there is more: a JSON or HTML reply is shown as what it says. */
export function makeReason(detail: string): HTMLElement {
  const text = replyWords(detail);
  if (text === '') return make('p', 'letter-detail', 'no reason given');
  if (text === detail && text.length <= foldAt) return make('p', 'letter-detail', text);
  const short = text.length <= foldAt ? text : `${text.slice(0, foldAt)} …`;
  return make('details', 'letter-detail', make('summary', '', short), make('p', 'code', detail));
}
