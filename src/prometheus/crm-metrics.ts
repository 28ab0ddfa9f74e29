import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { counters, gauges, histograms, mapValues, type Metric } from '../observe/metrics.js';
import { type GaugeReading, recordMetrics } from '../observe/record-metrics.js';
import { version } from '../core/version.js';
import type { Notifier } from '../notifier/notifier.js';

/** The result of `crmMetrics`. */
export interface RegisteredMetrics {
  /** Removes the metrics from the registry and stops recording them. */
  remove(): void;
}

/**
 * Registers a notifier's metrics in a `prom-client` registry, under names that start with `crm_notifier_`. Every label has
 * few values: no ids, addresses or texts. docs/telemetry.md lists the metrics, and alerts to start with.
 *
 * Throws the error of `prom-client` if the registry already has metrics with these names. For a second notifier, use a
 * second registry (with `setDefaultLabels`, and `Registry.merge` to scrape both at once).
 *
 * @example
 * import { register } from 'prom-client';
 *
 * crmMetrics(crm, register);
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

  // A scrape collects all gauges in parallel; they share one read of the outbox.
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
        // `reset` sets a gauge without labels to 0. An unknown value must be absent instead.
        this.remove({});
        for (const { labels, value } of values) this.set(labels, value);
      },
    });
  });
  new Gauge({
    name: named('crm_notifier_build_info'),
    help: 'Always 1; the version is in its label.',
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

/** Prometheus has the unit in the name; an annotation such as `{state}` is not a unit. */
function prometheusName({ name, unit }: Metric, suffix = ''): string {
  const unitSuffix = unit === 's' ? '_seconds' : unit === 'By' ? '_bytes' : '';
  return `crm_notifier_${name.replaceAll('.', '_')}${suffix}${unitSuffix}`;
}
