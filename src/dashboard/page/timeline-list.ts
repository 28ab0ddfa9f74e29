import { hasReplyWords, timelineText } from '../../history/timeline-text.js';
import type { NotificationView } from '../api-contract.js';
import { dayAndSecondText, make, millisecondsText, timeElement, timeText } from './element.js';
import { makeReason } from './reason-text.js';

type Entry = NotificationView['timeline']['targets'][number]['entries'][number];

const levels: Readonly<Record<Entry['kind'], string>> = {
  retry: 'attention',
  unsent: 'attention',
  refused: 'failing',
  dead: 'failing',
  delivered: 'fine',
  redelivered: 'unknown',
  discarded: 'unknown',
  paused: 'failing',
  resumed: 'fine',
};

/** What happened to a notification, oldest first. */
export function makeTimeline(acceptedAt: number | undefined, entries: readonly Entry[]): HTMLElement {
  const accepted = acceptedAt === undefined ? [] : [itemOf(acceptedAt, 'accepted', 'unknown')];
  return make('ol', 'timeline', ...accepted, ...entries.map(itemOfEntry));
}

function itemOfEntry(entry: Entry): HTMLElement {
  const { kind, at, lastAt, count, durationMs, detail } = entry;
  const words = timelineText(entry);
  const until = count > 1 && lastAt > at ? `, the last at ${timeText(lastAt)}` : '';
  const took = durationMs === null || kind === 'unsent' ? '' : `, after ${millisecondsText(durationMs)}`;
  const item = itemOf(at, words + took + until, levels[kind]);
  if (hasReplyWords(entry)) item.append(makeReason(detail));
  return item;
}

function itemOf(at: number, words: string, level: string): HTMLElement {
  const item = make('li', '', make('p', '', timeElement(at, dayAndSecondText(at)), ' ', make('span', '', words)));
  item.dataset['level'] = level;
  return item;
}
