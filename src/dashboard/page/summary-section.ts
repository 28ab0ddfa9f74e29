import type { Overview } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import { byId, bytesText, dayAndTimeText, millisecondsText, numberText, recentText, setText } from './element.js';
import { createHealthAnnouncement, type ShownHealth } from './health-announcement.js';
import { isPausedByHand } from './pause-control.js';
import { pauseText } from './targets-section.js';

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
      showHealth({ level: 'unknown', code: 'disconnected', title: 'not connected', sentence });
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
  const announce = createHealthAnnouncement();

  return (health) => {
    panel.dataset['level'] = health.level;
    panel.dataset['code'] = health.code;
    setText(word, healthWords[health.level]);
    const shown = sentenceOf(health);
    setText(sentence, shown);
    document.title = `${titleMarks[health.level]} ${health.title} – CRM notifier`;
    announce(health, shown);
  };
}

function sentenceOf(health: ShownHealth): string {
  const { sentence } = health;
  const instant = 'instant' in health ? health.instant : undefined;
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

  const areAllByHand = targets.length > 0 && targets.every(isPausedByHand);
  const circuit = areAllByHand ? 'paused' : (worstCircuit(targets) ?? 'unknown');
  show('circuit', circuit);
  byId('figure-circuit', HTMLElement).dataset['alarm'] = String(circuit !== 'closed');
  // Of several that differ, the table of targets says it.
  const texts = new Set(targets.map(({ pause }) => pauseText(pause)));
  const [same = ''] = texts.size === 1 ? texts : [];
  show('pause', areAllByHand && same === '' ? 'by hand' : same);
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

/** Null if one is unknown and none is known to be worse. */
function worstCircuit(targets: Overview['targets']): Overview['targets'][number]['circuit'] {
  const circuits = targets.map(({ circuit }) => circuit);
  for (const circuit of ['open', 'half-open', null] as const) if (circuits.includes(circuit)) return circuit;
  return 'closed';
}

function show(name: string, text: string): void {
  setText(byId(`figure-${name}`, HTMLElement), text);
}
