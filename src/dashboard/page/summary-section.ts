import type { Health, Overview } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import { byId, bytesText, millisecondsText, numberText, setText } from './element.js';
import { pauseText } from './targets-section.js';

/** The health line at the top and the numbers below it: those of `crm.stats()`, and how long attempts took. */
export function createSummarySection(): (overview: Overview) => void {
  const showHealth = createHealthLine();
  return (overview) => {
    showHealth(overview.health);
    showFigures(overview);
  };
}

const healthWords = { fine: '✓ Fine', attention: '● Attention', failing: '▲ Trouble' } as const;
const titleMarks = { fine: '✓', attention: '●', failing: '▲' } as const;

/** Shows the health on the page and in the document's title. */
function createHealthLine(): (health: Health) => void {
  const panel = byId('health', HTMLElement);
  const word = byId('health-word', HTMLElement);
  const sentence = byId('health-sentence', HTMLElement);
  const announcement = byId('health-announcement', HTMLElement);
  let announcedCode: Health['code'] | undefined;

  return (health) => {
    panel.dataset['level'] = health.level;
    panel.dataset['code'] = health.code;
    setText(word, healthWords[health.level]);
    setText(sentence, health.sentence);
    document.title = `${titleMarks[health.level]} ${health.title} – CRM notifier`;
    // Screen readers announce a new reason, but not every change of a number in it.
    if (announcedCode !== health.code) setText(announcement, health.sentence);
    announcedCode = health.code;
  };
}

function showFigures({ stats, targets, latency }: Overview): void {
  const isKnown = stats.isOutboxReadable;
  const held = (value: number): string => (isKnown ? numberText(value) : 'unknown');
  show('pending', held(stats.pending));
  show('pending-bytes', isKnown ? bytesText(stats.pendingBytes) : '');
  show('oldest', isKnown && stats.pending > 0 ? durationText(stats.oldestAgeMs) : '–');
  show('in-flight', numberText(stats.inFlight));
  show('dead', held(stats.dead));
  byId('figure-dead', HTMLElement).dataset['alarm'] = String(stats.dead > 0);

  show('circuit', stats.circuit);
  byId('figure-circuit', HTMLElement).dataset['alarm'] = String(stats.circuit !== 'closed');
  // Of several, the table of targets says it.
  show('pause', targets.length === 1 ? pauseText(targets[0]?.pause) : '');
  show('deliverer', stats.isDelivering ? 'this process' : 'another process');
  show('deliverer-note', stats.isDelivering ? '' : 'this one only accepts');

  show('p50', millisecondsText(latency.p50Ms));
  show('p95', millisecondsText(latency.p95Ms));
  show('p99', millisecondsText(latency.p99Ms));
  const count = numberText(latency.count);
  const latencyNote =
    latency.count === 0 ? 'none in the last 60 minutes' : `last ${count} of the last 60 minutes, in this process`;
  setText(byId('latency-note', HTMLElement), latencyNote);

  for (const name of ['accepted', 'delivered', 'retried', 'rejected', 'unsaved'] as const) {
    show(name, numberText(stats[name]));
  }
  show('observer-failures', numberText(stats.observerFailures));
}

function show(name: string, text: string): void {
  setText(byId(`figure-${name}`, HTMLElement), text);
}
