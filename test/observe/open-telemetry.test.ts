import { context, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterBooking, type Notifier, type NotifierOptions } from '../../src/index.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { expressVersions } from '../helpers/express-versions.js';
import { notificationIn, passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

const exporter = new InMemorySpanExporter();
/** Fails as a broken one of the app's may. */
const breakable: SpanProcessor & { isBroken: boolean } = {
  isBroken: false,
  onStart() {
    if (this.isBroken) throw new Error('the exporter is broken');
  },
  onEnd() {
    if (this.isBroken) throw new Error('the exporter is broken');
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter), breakable] });
const contextManager = new AsyncLocalStorageContextManager();

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(contextManager.enable());
});
afterEach(() => {
  exporter.reset();
  breakable.isBroken = false;
});
afterAll(async () => {
  trace.disable();
  context.disable();
  await provider.shutdown();
});

const spansOf = (kind: SpanKind): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.kind === kind);
const formatted = (span: ReadableSpan | Span): string => {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
};

/** What an app's instrumentation of HTTP does: one SERVER span, active while the request is handled. */
const traced: RequestHandler = (req, res, next) => {
  trace.getTracer('http').startActiveSpan(`${req.method} bookings`, { kind: SpanKind.SERVER }, (span) => {
    res.on('close', () => {
      span.end();
    });
    next();
  });
};

describe('an app with an OpenTelemetry SDK', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  it.each(expressVersions)('shows request, acceptance and attempts in one trace on $version', async ({ express }) => {
    const crm = await start(inTurn(reply(503), accept));
    const clock = createOwnedClock();
    const { notifier, hear } = create({ baseUrl: crm.url, clock });
    const app = express();
    app.use(traced, notifier.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.status(201).json({ booking: { id: 456, userId: 123, sessionId: 789 } });
    });
    await passTimeUntil(request(app).post('/bookings').expect(201).then(), clock);
    await passTimeUntil(hear('delivered'), clock);

    const [server] = spansOf(SpanKind.SERVER);
    const [producer] = spansOf(SpanKind.PRODUCER);
    const attempts = spansOf(SpanKind.CLIENT);
    expect(producer).toMatchObject({
      name: 'send booking_created',
      parentSpanContext: { spanId: server?.spanContext().spanId },
      attributes: { 'messaging.operation.type': 'send', 'messaging.destination.name': 'crm' },
      status: { code: SpanStatusCode.UNSET },
    });
    expect(attempts).toHaveLength(2);
    for (const attempt of attempts) {
      expect(attempt.name).toBe('POST');
      expect(attempt.links.map((link) => link.context.spanId)).toEqual([producer?.spanContext().spanId]);
      expect(attempt.attributes).toMatchObject({
        'http.request.method': 'POST',
        'server.address': '127.0.0.1',
        'server.port': crm.port,
        'messaging.message.id': producer?.attributes['messaging.message.id'],
      });
    }
    expect(attempts[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'http.response.status_code': 503, 'error.type': '503' },
    });
    expect(attempts[0]?.attributes).not.toHaveProperty('http.request.resend_count');
    expect(attempts[1]).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'http.response.status_code': 200, 'http.request.resend_count': 1 },
    });
    const traces = new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId));
    expect(traces).toEqual(new Set([server?.spanContext().traceId]));
    // The CRM's work joins it, at each attempt alike.
    const sent = formatted(producer!);
    expect(crm.received.map(({ headers }) => headers['traceparent'])).toEqual([sent, sent]);
  });

  it('gives an attempt its own time, on the wall clock', async () => {
    const crm = await start();
    const clock = createOwnedClock();
    const { notifier, hear } = create({ baseUrl: crm.url, clock });
    await passTimeUntil(notifier.notify(notificationIn('a')), clock);
    const [delivered] = await passTimeUntil(hear('delivered'), clock);
    const [attempt] = spansOf(SpanKind.CLIENT);
    const at = ([seconds, nanoseconds]: [number, number]): number => seconds * 1_000 + nanoseconds / 1_000_000;
    expect(at(attempt!.endTime)).toBeCloseTo(delivered!.endedAt, 2);
    expect(at(attempt!.startTime)).toBeCloseTo(delivered!.endedAt - delivered!.durationMs, 2);
  });

  it('shows an attempt that never left as a failed connect and no request', async () => {
    const gone = await start();
    await gone.close();
    const { notifier, hear } = create({ baseUrl: gone.url, breaker: { failureThreshold: 5 } });
    await notifier.notify(notificationIn('a'));
    await hear('unsent', 5);
    const connects = spansOf(SpanKind.CLIENT);
    expect(connects.map(({ name }) => name)).toEqual(new Array(5).fill('connect'));
    for (const { attributes } of connects) {
      expect(attributes).toMatchObject({ 'server.port': gone.port, 'error.type': 'ECONNREFUSED' });
      for (const name of ['http.request.method', 'url.full', 'http.request.resend_count']) {
        expect(attributes).not.toHaveProperty([name]);
      }
    }
  });

  it('continues the trace that the header names, where no span is active', async () => {
    const crm = await start();
    const { notifier, hear } = create({ baseUrl: crm.url });
    const app = expressVersions[0]!.express();
    app.use(notifier.middleware());
    app.post('/', async (_req, res) => {
      await res.locals.crm.notify(notificationIn('a'));
      res.end();
    });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await request(app).post('/').set('traceparent', `00-${traceId}-b7ad6b7169203331-01`).expect(200);
    await hear('delivered');
    const [producer] = spansOf(SpanKind.PRODUCER);
    expect(producer?.parentSpanContext).toMatchObject({ traceId, spanId: 'b7ad6b7169203331', isRemote: true });
    expect(crm.received[0]?.headers['traceparent']).toBe(formatted(producer!));
  });

  it('links attempts of a later process to the acceptance, through the outbox', async () => {
    const crm = await start();
    const outbox = directory();
    const options: NotifierOptions = { outbox, baseUrl: crm.url };
    await crm.close();
    const earlier = create(options);
    const [id] = await earlier.accept('a');
    await earlier.close(1);
    const [producer] = spansOf(SpanKind.PRODUCER);
    exporter.reset();

    await start(accept, crm.port);
    const later = create(options);
    await later.hear('delivered');
    const [attempt] = spansOf(SpanKind.CLIENT);
    expect(attempt?.attributes['messaging.message.id']).toBe(id);
    expect(attempt?.links.map((link) => link.context.spanId)).toEqual([producer?.spanContext().spanId]);
    expect(attempt?.spanContext().traceId).toBe(producer?.spanContext().traceId);
  });

  it('names what went wrong by status, code or kind, and no text of the CRM’s', async () => {
    const crm = await start(inTurn(reply(401, 'Ada'), reply(422, 'Ada Lovelace'), accept));
    const clock = createOwnedClock();
    const observed = create({ baseUrl: crm.url, clock });
    await observed.accept('a');
    await passTimeUntil(observed.hear('dead'), clock);
    await crm.close();
    await observed.accept('b');
    await passTimeUntil(observed.hear('paused', 2), clock);
    const types = spansOf(SpanKind.CLIENT).map((span) => span.attributes['error.type']);
    expect(types.slice(0, 3)).toEqual(['401', '422', 'ECONNREFUSED']);
    expect(
      JSON.stringify(exporter.getFinishedSpans().map(({ attributes, events }) => ({ attributes, events }))),
    ).not.toContain('Ada');
  });

  it('ends the span of one that is rejected with its code', async () => {
    const crm = await start();
    const { notifier } = create({ baseUrl: crm.url, maxBodyBytes: 1_024 });
    await notifier.notify({ ...notificationIn('a'), message: 'x'.repeat(2_000) });
    expect(spansOf(SpanKind.PRODUCER)).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'ERR_CRM_VALIDATION' } },
    ]);
    await closed(notifier);
    await notifier.notify(notificationIn('a'));
    expect(spansOf(SpanKind.PRODUCER)[1]).toMatchObject({ attributes: { 'error.type': 'ERR_CRM_OUTBOX' } });
  });

  it('survives one that throws, and counts it (case 33)', async () => {
    const crm = await start();
    const observed = create({ baseUrl: crm.url });
    breakable.isBroken = true;
    await observed.accept('a');
    await observed.hear('delivered');
    expect(crm.received[0]?.headers['traceparent']).toBeUndefined();
    expect(await observed.stats()).toMatchObject({ delivered: 1, observerFailures: 2 });
  });
});

async function closed(notifier: Notifier): Promise<void> {
  await notifier.close();
}
