// An app that looks at what it tells the CRM, through the API of OpenTelemetry alone and by prom-client.

import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import { createNotifier } from 'express-crm-notifier';
import { crmMetrics } from 'express-crm-notifier/prometheus';
import { Registry } from 'prom-client';

const started = [];
const span = {
  spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
  setStatus: () => undefined,
  setAttribute: () => undefined,
  end: () => undefined,
};
const tracer = {
  startSpan(name) {
    started.push(name);
    return span;
  },
};
trace.setGlobalTracerProvider({ getTracer: () => tracer });

const crm = createNotifier({ outbox: ':memory:' });
const registry = new Registry();
crmMetrics(crm, registry);
await crm.notifyBooking({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' });
await crm.flush();
const delivered = (await registry.metrics())
  .split('\n')
  .find((line) => line.startsWith('crm_notifier_deliveries_total'));
await crm.close();

const required = Object.keys(createRequire(import.meta.url)('express-crm-notifier/prometheus'));
console.log(JSON.stringify({ result: { started, delivered, required } }));
