import type { Overview } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import { byId, setText } from './element.js';
import { bytesText, millisecondsText, minuteText, numberText } from './format.js';

const circuitWords = { closed: 'closed', open: 'open', 'half-open': 'half-open' } as const;

/** Shows the numbers: each is one that `crm.stats()` answered, or one of the attempts'. */
export function showFigures({ stats, pause, latency }: Overview): void {
  const isKnown = stats.isOutboxReadable;
  const held = (value: number): string => (isKnown ? numberText(value) : 'not known');
  show('pending', held(stats.pending));
  show('pending-bytes', isKnown ? bytesText(stats.pendingBytes) : '');
  show('oldest', isKnown && stats.pending > 0 ? durationText(stats.oldestAgeMs) : '–');
  show('in-flight', numberText(stats.inFlight));
  show('dead', held(stats.dead));
  byId('figure-dead', HTMLElement).dataset['alarm'] = String(stats.dead > 0);

  show('circuit', circuitWords[stats.circuit]);
  byId('figure-circuit', HTMLElement).dataset['alarm'] = String(stats.circuit !== 'closed');
  show('pause', pause === null ? '' : `${causeText(pause.cause)}, since ${minuteText(pause.since)}`);
  show('deliverer', stats.isDelivering ? 'this process' : 'another');
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

function causeText(cause: NonNullable<Overview['pause']>['cause']): string {
  return cause.kind === 'unauthorised' ? `token refused (${String(cause.status)})` : cause.code;
}
