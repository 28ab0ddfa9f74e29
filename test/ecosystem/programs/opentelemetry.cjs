// An app with an SDK of OpenTelemetry, 1.13 or 2: constructors take now what had to be added then.

const { metrics, trace } = require('@opentelemetry/api');
const { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const express = require('express');
const { afterBooking, createNotifier } = require('express-crm-notifier');
const { bookOnce, makeBooking } = require('./book-once.cjs');

const spans = new InMemorySpanExporter();
const processor = new SimpleSpanProcessor(spans);
const tracers = new BasicTracerProvider({ spanProcessors: [processor] });
tracers.addSpanProcessor?.(processor);
trace.setGlobalTracerProvider(tracers);

const figures = new InMemoryMetricExporter(1);
const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 2 ** 30 });
const meters = new MeterProvider({ readers: [reader] });
meters.addMetricReader?.(reader);
metrics.setGlobalMeterProvider(meters);

async function inspect() {
  await reader.forceFlush();
  const scopes = figures.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  const delivered = scopes
    .flatMap((scope) => scope.metrics)
    .find(({ descriptor }) => descriptor.name === 'crm_notifier.deliveries');
  await meters.shutdown();
  return { spans: spans.getFinishedSpans().map(({ name }) => name), delivered: delivered?.dataPoints[0]?.value };
}

void bookOnce((options) => {
  const notifier = createNotifier(options);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), makeBooking);
  return { notifier, server: app.listen(0, '127.0.0.1'), inspect };
});
