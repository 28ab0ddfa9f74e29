import type { Overview, Problem } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import { byId, bytesText, dayAndTimeText, make, millisecondsText, numberText, recentText, setText } from './element.js';
import { deliveryWord } from './delivery-word.js';
import { createHealthAnnouncement, type ShownHealth } from './health-announcement.js';
import { pauseAside } from './pause-text.js';

/** The health line at the top and the numbers below it: those of `crm.stats()`, and how long attempts took. */
export interface SummarySection {
  show(overview: Overview): void;
  /** The page has no connection, so nothing is known: not that all is well either. */
  showUnknown(sentence: string): void;
}

export function createSummarySection(): SummarySection {
  const showHealth = createHealthLine();
  return {
    show(overview) {
      showHealth(overview.health);
      showFigures(overview);
    },
    showUnknown(sentence) {
      showHealth({ level: 'unknown', code: 'disconnected', title: 'not connected', sentence, others: [] });
    },
  };
}

const healthWords = { fine: '✓ Fine', attention: '● Attention', failing: '▲ Trouble', unknown: '? Unknown' } as const;
const titleMarks = { fine: '✓', attention: '●', failing: '▲', unknown: '○' } as const;

/** Shows the health on the page and in the document's title. */
function createHealthLine(): (health: ShownHealth) => void {
  const panel = byId('health', HTMLElement);
  const word = byId('health-word', HTMLElement);
  const sentence = byId('health-sentence', HTMLElement);
  const others = byId('health-others', HTMLUListElement);
  const announce = createHealthAnnouncement();
  let shownOthers = '';

  return (health) => {
    panel.dataset['level'] = health.level;
    panel.dataset['code'] = health.code;
    setText(word, healthWords[health.level]);
    const [first = '', ...more] = [health, ...health.others].map(sentenceOf);
    setText(sentence, first);
    // A selection of text in it would be lost.
    if (more.join('\n') !== shownOthers) others.replaceChildren(...more.map((text) => make('li', '', text)));
    shownOthers = more.join('\n');
    others.hidden = more.length === 0;
    document.title = `${titleMarks[health.level]} ${health.title} – CRM notifier`;
    announce(health, [first, ...more]);
  };
}

function sentenceOf({ sentence, instant }: Pick<Problem, 'sentence' | 'instant'>): string {
  return instant === undefined ? sentence : sentence.replace('{instant}', recentText(instant));
}

function showFigures({ stats, targets, latency, deliveredBy, processes }: Overview): void {
  const isKnown = stats.isOutboxReadable;
  const held = (value: number): string => (isKnown ? numberText(value) : 'unknown');
  show('pending', held(stats.pending));
  show('pending-bytes', isKnown ? bytesText(stats.pendingBytes) : '');
  show('oldest', isKnown && stats.pending > 0 ? durationText(stats.oldestAgeMs) : '–');
  // Another process has its own.
  show('in-flight', stats.isDelivering ? numberText(stats.inFlight) : '–');
  show('dead', held(stats.dead));
  byId('figure-dead', HTMLElement).dataset['alarm'] = String(stats.dead > 0);

  const delivery = deliveryWord(targets);
  show('delivery', delivery.word);
  byId('figure-delivery', HTMLElement).dataset['alarm'] = String(delivery.isAlarm);
  // Of several that differ, the table of targets says it.
  const texts = new Set(targets.map(({ pause }) => pauseAside(pause)));
  const [same = ''] = texts.size === 1 ? texts : [];
  show('pause', same);
  show('deliverer', deliveredBy);
  show('deliverer-note', stats.isDelivering ? '' : 'this one only accepts');

  show('p50', millisecondsText(latency.p50Ms));
  show('p95', millisecondsText(latency.p95Ms));
  show('p99', millisecondsText(latency.p99Ms));
  const count = numberText(latency.count);
  const latencyNote =
    latency.count === 0
      ? 'none in the past hour, in this process'
      : `latest ${count} attempts, past hour, in this process`;
  setText(byId('latency-note', HTMLElement), latencyNote);

  const startedAt = processes?.findLast(({ isThis }) => isThis)?.startedAt;
  const since = startedAt === undefined ? 'since it started' : `since it started, ${dayAndTimeText(startedAt)}`;
  setText(byId('since-note', HTMLElement), since);
  for (const name of ['accepted', 'delivered', 'retried', 'rejected', 'unsaved'] as const) {
    show(name, numberText(stats[name]));
  }
  show('observer-failures', numberText(stats.observerFailures));
}

function show(name: string, text: string): void {
  setText(byId(`figure-${name}`, HTMLElement), text);
}
