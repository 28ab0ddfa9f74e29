import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import request from 'supertest';
import { afterBooking } from '../../src/index.js';
import { crmMetrics } from '../../src/prometheus/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { notificationIn, useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

describe('metrics for prom-client', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  it('are in the next scrape of the app, each under its name', async () => {
    const crm = await start(inTurn(reply(503), accept, reply(422, 'no such user Ada')));
    const observed = create({ baseUrl: crm.url, outbox: directory(), retry: { firstDelayMs: 1 } });
    const registry = new Registry();
    crmMetrics(observed.notifier, registry);
    const app = expressVersions[0]!.express();
    app.use(observed.notifier.middleware());
    app.post('/', afterBooking('created'), (_req, res) => {
      res.json({ id: 456, userId: 123, sessionId: 789 });
    });
    app.get('/metrics', async (_req, res) => {
      res.type(registry.contentType).send(await registry.metrics());
    });
    await request(app).post('/').expect(200);
    await observed.hear('delivered');
    await observed.accept('a');
    await observed.hear('dead');

    const { text } = await request(app).get('/metrics').expect(200);
    const families = familiesIn(text);
    const { outboxBytes } = await observed.stats();
    expect(families).toMatchObject({
      crm_notifier_notifications_total: {
        type: 'COUNTER',
        metrics: [
          { labels: { type: 'booking_created', result: 'accepted' }, value: '1' },
          { labels: { type: 'user_moved', result: 'accepted' }, value: '1' },
        ],
      },
      crm_notifier_deliveries_total: {
        type: 'COUNTER',
        metrics: [
          { labels: { type: 'booking_created', target: 'crm', result: 'delivered' }, value: '1' },
          { labels: { type: 'user_moved', target: 'crm', result: 'dead' }, value: '1' },
        ],
      },
      crm_notifier_delivery_attempts_total: {
        type: 'COUNTER',
        metrics: [
          { labels: { target: 'crm', result: 'retry', error_type: '503' }, value: '1' },
          { labels: { target: 'crm', result: 'delivered', error_type: '' }, value: '1' },
          { labels: { target: 'crm', result: 'dead', error_type: '422' }, value: '1' },
        ],
      },
      crm_notifier_delivery_attempt_duration_seconds: { type: 'HISTOGRAM' },
      crm_notifier_delivery_duration_seconds: {
        type: 'HISTOGRAM',
        metrics: [{ buckets: { '+Inf': '1' } }],
      },
      crm_notifier_hook_duration_seconds: {
        type: 'HISTOGRAM',
        metrics: [{ buckets: { '+Inf': '1' } }],
      },
      crm_notifier_queue_size: {
        type: 'GAUGE',
        metrics: [
          { labels: { target: 'crm', state: 'waiting' }, value: '0' },
          { labels: { target: 'crm', state: 'in_flight' }, value: '0' },
          { labels: { target: 'crm', state: 'dead' }, value: '1' },
          { labels: { target: '', state: 'unsaved' }, value: '0' },
        ],
      },
      crm_notifier_queue_oldest_age_seconds: { type: 'GAUGE', metrics: [{ value: '0' }] },
      crm_notifier_circuit_state: {
        type: 'GAUGE',
        metrics: [
          { labels: { target: 'crm', state: 'closed' }, value: '1' },
          { labels: { target: 'crm', state: 'open' }, value: '0' },
          { labels: { target: 'crm', state: 'half_open' }, value: '0' },
        ],
      },
      crm_notifier_paused_by_hand: { type: 'GAUGE', metrics: [{ labels: { target: 'crm' }, value: '0' }] },
      crm_notifier_outbox_size_bytes: { type: 'GAUGE', metrics: [{ value: String(outboxBytes) }] },
      crm_notifier_outbox_errors_total: { type: 'COUNTER' },
      crm_notifier_last_success_timestamp_seconds: {
        type: 'GAUGE',
        metrics: [{ value: String(observed.told('delivered')[0]!.endedAt / 1_000) }],
      },
      crm_notifier_build_info: { type: 'GAUGE', metrics: [{ value: '1' }] },
    });
    expect(text).toContain('crm_notifier_hook_duration_seconds_count{type="booking_created"} 1');
    // No ids, addresses or texts in a label. Values are cut off, because their digits are random.
    expect(text.replace(/ [\d.e+-]+$/gm, '')).not.toMatch(/Ada|127\.0\.0\.1|456|[0-9a-f]{8}-[0-9a-f]{4}/);
  });

  it('have few label values, even if the app makes up many types', async () => {
    const crm = await start();
    const observed = create({ baseUrl: crm.url });
    const registry = new Registry();
    crmMetrics(observed.notifier, registry);
    await Promise.all(
      Array.from({ length: 150 }, (_, index) =>
        observed.notifier.notify({ ...notificationIn('a'), notificationType: `type_${String(index)}` }),
      ),
    );
    await observed.hear('delivered', 150);
    const types = familiesIn(await registry.metrics())['crm_notifier_deliveries_total']?.metrics ?? [];
    expect(types).toHaveLength(101);
    expect(types).toContainEqual({ labels: { type: 'other', target: 'crm', result: 'delivered' }, value: '50' });
  });

  it('leave out what cannot be read from the outbox, and count its errors', async () => {
    // A directory where SQLite wants to write a file.
    mkdirSync(join(directory(), 'outbox.db-journal'));
    const observed = create({ outbox: directory(), holdMs: 5 });
    const registry = new Registry();
    crmMetrics(observed.notifier, registry);
    await observed.notifier.notify(notificationIn('a'));
    const families = familiesIn(await registry.metrics());
    expect(families['crm_notifier_queue_size']?.metrics).toEqual([
      { labels: { target: '', state: 'unsaved' }, value: '1' },
    ]);
    expect(families['crm_notifier_queue_oldest_age_seconds']?.metrics ?? []).toEqual([]);
    expect(families['crm_notifier_outbox_errors_total']?.metrics).toEqual([
      { labels: { operation: 'open', error_type: 'ERR_SQLITE_ERROR' }, value: '1' },
    ]);
  });

  it('can be removed, and registered again', async () => {
    const crm = await start();
    const observed = create({ baseUrl: crm.url, outbox: directory(), thread: true });
    const registry = new Registry();
    const metrics = crmMetrics(observed.notifier, registry);
    await observed.accept('a');
    await observed.hear('delivered');
    metrics.remove();
    expect(await registry.metrics()).toBe('\n');
    crmMetrics(observed.notifier, registry);
    expect(await registry.metrics()).toContain('crm_notifier_queue_size{target="crm",state="waiting"} 0');
  });

  it('throw if the names are taken', async () => {
    const crm = await start();
    const observed = create({ baseUrl: crm.url });
    const registry = new Registry();
    crmMetrics(observed.notifier, registry);
    expect(() => crmMetrics(observed.notifier, registry)).toThrow('already been registered');
  });
});

// The package has no types.
const parsePrometheus =
  jest.requireActual<(text: string) => (Family & { readonly name: string })[]>('parse-prometheus-text-format');

interface Family {
  readonly type: string;
  readonly metrics: readonly {
    readonly labels?: object;
    readonly value?: string;
    readonly count?: string;
    readonly buckets?: object;
  }[];
}

function familiesIn(text: string): Readonly<Record<string, Family>> {
  return Object.fromEntries(parsePrometheus(text).map(({ name, ...family }) => [name, family]));
}
