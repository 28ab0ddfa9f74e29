import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { mapValues } from '../core/map-values.js';
import { version } from '../core/version.js';
import { recordMetrics } from '../observe/record-metrics.js';
import type { Notifier } from '../notifier/notifier.js';
import { counters, gauges, histograms, type GaugeReading, type Metric } from '../observe/metrics.js';

/** What `crmMetrics` answers: a way to take it back. */
export interface RegisteredMetrics {
  /** Removes the metrics from the registry and stops measuring. */
  remove(): void;
}

/**
 * Registers a notifier's metrics with a `prom-client` registry, under names that begin with `crm_notifier_`; the next
 * scrape has them. The labels have few values each: no ids, no addresses, no texts. docs/telemetry.md lists them, with
 * alerts to begin with.
 *
 * Throws what `prom-client` throws when the registry has metrics of these names: a second notifier needs a registry of
 * its own (with `setDefaultLabels`, and `Registry.merge` for one scrape of both).
 */
export function crmMetrics(crm: Pick<Notifier, 'on' | 'stats'>, registry: Registry): RegisteredMetrics {
  const registers = [registry];
  const names: string[] = [];
  const named = (name: string): string => {
    names.push(name);
    return name;
  };

  const counterOf = mapValues(counters, (metric) => {
    const { description: help, labels: labelNames } = metric;
    return new Counter({ name: named(`${prometheusName(metric)}_total`), help, labelNames, registers });
  });
  const histogramOf = mapValues(histograms, (metric) => {
    const { description: help, labels: labelNames, buckets } = metric;
    return new Histogram({ name: named(prometheusName(metric)), help, labelNames, buckets: [...buckets], registers });
  });
  const recorder = recordMetrics(crm, {
    count(counter, labels) {
      counterOf[counter].inc(labels);
    },
    observe(histogram, value, labels) {
      histogramOf[histogram].observe(labels, value);
    },
  });

  // One question to the outbox for all gauges of a scrape, which collects them side by side.
  let reading: Promise<readonly GaugeReading[]> | undefined;
  const readOnce = (): Promise<readonly GaugeReading[]> => {
    reading ??= recorder.readGauges().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  mapValues(gauges, (metric, key) => {
    const { description: help, labels: labelNames } = metric;
    return new Gauge({
      name: named(prometheusName(metric, key === 'lastSuccess' ? '_timestamp' : '')),
      help,
      labelNames,
      registers,
      async collect() {
        const values = (await readOnce()).filter(({ gauge }) => gauge === key);
        this.reset();
        // What is not known is not 0, which is what `reset` leaves of a gauge without labels.
        this.remove({});
        for (const { labels, value } of values) this.set(labels, value);
      },
    });
  });
  new Gauge({
    name: named('crm_notifier_build_info'),
    help: 'Always 1; the version stands in its label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);

  return {
    remove() {
      recorder.stop();
      for (const name of names) registry.removeSingleMetric(name);
    },
  };
}

/** Prometheus writes a unit into the name; an annotation such as `{state}` is none. */
function prometheusName({ name, unit }: Metric, suffix = ''): string {
  const unitSuffix = unit === 's' ? '_seconds' : unit === 'By' ? '_bytes' : '';
  return `crm_notifier_${name.replaceAll('.', '_')}${suffix}${unitSuffix}`;
}
