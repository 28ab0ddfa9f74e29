import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import request from 'supertest';
import { afterBooking } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });

beforeAll(() => {
  metrics.setGlobalMeterProvider(provider);
});
afterAll(async () => {
  metrics.disable();
  await provider.shutdown();
});

interface Collected {
  readonly unit: string;
  readonly points: readonly { readonly attributes: object; readonly value: unknown }[];
}

async function collect(): Promise<Readonly<Record<string, Collected>>> {
  exporter.reset();
  await provider.forceFlush();
  const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return Object.fromEntries(
    all.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      { unit: descriptor.unit, points: dataPoints.map(({ attributes, value }) => ({ attributes, value })) },
    ]),
  );
}

describe('an app with an OpenTelemetry SDK for metrics', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  it('has every metric under its name, with its unit, and gauges as of now', async () => {
    const crm = await start(inTurn(reply(503), accept, reply(422, 'no such user')));
    const observed = create({ baseUrl: crm.url, outbox: directory(), retry: { firstDelayMs: 1 } });
    const app = expressVersions[0]!.express();
    app.use(observed.notifier.middleware());
    app.post('/', afterBooking('created'), (_req, res) => {
      res.json({ id: 456, userId: 123, sessionId: 789 });
    });
    await request(app).post('/').expect(200);
    await observed.hear('delivered');
    await observed.accept('a');
    await observed.hear('dead');
    await observed.notifier.notify({ notificationType: 'No Type', userId: 1, message: '' });

    const collected = await collect();
    const { outboxBytes } = await observed.stats();
    expect(outboxBytes).toBeGreaterThan(4_096);
    const histogram = (count: number): unknown => expect.objectContaining({ count });
    expect(collected).toMatchObject({
      'crm_notifier.notifications': {
        unit: '{notification}',
        points: [
          { attributes: { type: 'booking_created', result: 'accepted' }, value: 1 },
          { attributes: { type: 'user_moved', result: 'accepted' }, value: 1 },
          { attributes: { type: 'unknown', result: 'rejected' }, value: 1 },
        ],
      },
      'crm_notifier.deliveries': {
        unit: '{notification}',
        points: [
          { attributes: { type: 'booking_created', target: 'crm', result: 'delivered' }, value: 1 },
          { attributes: { type: 'user_moved', target: 'crm', result: 'dead' }, value: 1 },
        ],
      },
      'crm_notifier.delivery.attempts': {
        unit: '{attempt}',
        points: [
          { attributes: { target: 'crm', result: 'retry', 'error.type': '503' }, value: 1 },
          { attributes: { target: 'crm', result: 'delivered' }, value: 1 },
          { attributes: { target: 'crm', result: 'dead', 'error.type': '422' }, value: 1 },
        ],
      },
      'crm_notifier.delivery.attempt.duration': {
        unit: 's',
        points: [
          { attributes: { target: 'crm', result: 'retry' }, value: histogram(1) },
          { attributes: { target: 'crm', result: 'delivered' }, value: histogram(1) },
          { attributes: { target: 'crm', result: 'dead' }, value: histogram(1) },
        ],
      },
      'crm_notifier.delivery.duration': { unit: 's', points: [{ attributes: { target: 'crm' }, value: histogram(1) }] },
      'crm_notifier.hook.duration': {
        unit: 's',
        points: [{ attributes: { type: 'booking_created' }, value: histogram(1) }],
      },
      'crm_notifier.queue.size': {
        unit: '{notification}',
        points: [
          { attributes: { target: 'crm', state: 'waiting' }, value: 0 },
          { attributes: { target: 'crm', state: 'in_flight' }, value: 0 },
          { attributes: { target: 'crm', state: 'dead' }, value: 1 },
          { attributes: { state: 'unsaved' }, value: 0 },
        ],
      },
      'crm_notifier.queue.oldest.age': { unit: 's', points: [{ attributes: { target: 'crm' }, value: 0 }] },
      'crm_notifier.circuit.state': {
        unit: '{state}',
        points: [
          { attributes: { target: 'crm', state: 'closed' }, value: 1 },
          { attributes: { target: 'crm', state: 'open' }, value: 0 },
          { attributes: { target: 'crm', state: 'half_open' }, value: 0 },
        ],
      },
      'crm_notifier.outbox.size': { unit: 'By', points: [{ attributes: {}, value: outboxBytes }] },
      'crm_notifier.last.success': { unit: 's' },
    });
    const now = collected['crm_notifier.last.success']?.points[0]?.value;
    expect(now).toBeCloseTo(observed.told('delivered')[0]!.endedAt / 1_000, 3);
  });

  it('counts five refused connections apart: they are no attempts', async () => {
    const before = await collect();
    const gone = await start();
    await gone.close();
    const observed = create({ baseUrl: gone.url, breaker: { failureThreshold: 5 } });
    await observed.accept('a');
    await observed.hear('unsent', 5);
    const after = await collect();
    expect(after['crm_notifier.delivery.unsent']).toEqual({
      unit: '{attempt}',
      points: [{ attributes: { target: 'crm', 'error.type': 'ECONNREFUSED' }, value: 5 }],
    });
    for (const name of ['crm_notifier.delivery.attempts', 'crm_notifier.delivery.attempt.duration']) {
      expect(after[name]).toEqual(before[name]);
    }
    expect(await observed.stats()).toMatchObject({ unsent: 5, retried: 0 });
  });
});
