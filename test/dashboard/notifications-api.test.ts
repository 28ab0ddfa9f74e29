import request from 'supertest';
import type { NotificationView } from '../../src/dashboard/api-contract.js';
import type { DashboardOptions } from '../../src/dashboard/index.js';
import type { NotifierOptions } from '../../src/index.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { fromThePage, signedIn, useDashboard } from './use-dashboard.js';

describe('the API for one notification', () => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();

  async function stageOf(replies: readonly Answer[], options: DashboardOptions = {}, more: NotifierOptions = {}) {
    const crm = await startCrm(inTurn(...replies));
    const audit = createLogCollector();
    const retry = { firstDelayMs: 1, maxDelayMs: 1 };
    const stage = dashboardOf({ baseUrl: crm.url, retry, ...more }, { ...options, logger: audit });
    const get = (path: string) => request(stage.app).get(`/crm/api/${path}`).set(signedIn);
    const post = (path: string) => request(stage.app).post(`/crm/api/${path}`).set(fromThePage);
    const view = async (id = ''): Promise<NotificationView> =>
      (await get(`notifications/${id}`).expect(200)).body as NotificationView;
    return { ...stage, crm, audit, get, post, view };
  }

  it('shows the whole way of one: failed, dead, redelivered by whom, delivered', async () => {
    const replies = [reply(503, 'back at noon'), reply(422, 'user is unknown'), accept];
    const { accept: take, hear, post, view } = await stageOf(replies, { userOf: () => 'ada' });
    const [id = ''] = await take('booking:1');
    await hear('dead');
    const dead = await view(id);
    expect(dead.entries).toMatchObject([{ state: 'dead', attempts: 2 }]);
    // As its first attempt, which is what a redelivery begins with.
    expect(dead.requests[0]?.headers).not.toHaveProperty('x-retry-count');
    expect(dead.timeline.targets).toMatchObject([
      { target: 'crm', state: 'dead', lane: 'booking:1', entries: [{ kind: 'retry', status: 503 }, { kind: 'dead' }] },
    ]);
    await post(`dead-letters/${id}/redeliver?target=crm`).expect(200);
    await hear('delivered');
    const { entries, timeline, requests } = await view(id);
    expect({ entries, requests }).toEqual({ entries: [], requests: [] });
    expect(timeline.acceptedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(timeline.targets).toMatchObject([
      {
        ...{ target: 'crm', state: 'delivered', type: 'user_moved', lane: 'booking:1' },
        entries: [
          { kind: 'retry', status: 503, detail: 'back at noon', attempts: 1, durationMs: expect.any(Number) },
          { kind: 'dead', status: 422, code: 'rejected', detail: 'user is unknown', attempts: 2 },
          { kind: 'redelivered', by: 'ada' },
          { kind: 'delivered', status: 200, attempts: 1 },
        ],
      },
    ]);
    expect(JSON.stringify(timeline)).not.toMatch(/"moved"|user_id/);
  });

  it('shows who redelivered or discarded it among others, and only where it was among them', async () => {
    const { accept: take, hear, deadLetters, view } = await stageOf([reply(422, 'no')]);
    const [first = '', second = ''] = await take('booking:1', 'booking:2');
    await hear('dead', 2);
    await deadLetters.redeliverAll({ lane: 'booking:1' }, 'ada');
    await hear('dead', 3);
    await deadLetters.discardAll({ search: 'BOOKING:1' }, 'bob');
    const kinds = async (id: string) =>
      (await view(id)).timeline.targets.flatMap(({ entries }) => entries.map(({ kind }) => kind));
    expect((await view(first)).timeline.targets).toMatchObject([
      {
        ...{ state: 'discarded', type: 'user_moved', lane: 'booking:1' },
        entries: [
          { kind: 'dead' },
          { kind: 'redelivered', by: 'ada', count: 1 },
          { kind: 'dead' },
          { kind: 'discarded', by: 'bob' },
        ],
      },
    ]);
    expect(await kinds(second)).toEqual(['dead']);
  });

  it('shows what waits before and after one in its lane, and the pause it waits through', async () => {
    const unreachable = { baseUrl: 'http://127.0.0.1:9', breaker: { failureThreshold: 1 } };
    const { accept: take, hear, view } = await stageOf([accept], {}, unreachable);
    const ids = await take('a', 'b', 'a', 'a', 'a', 'a', 'a');
    await hear('paused');
    const ofLane = ids.filter((_, index) => index !== 1);
    const { timeline } = await view(ofLane[1]);
    expect(timeline.targets).toMatchObject([
      {
        state: 'pending',
        nextAttemptAt: 0,
        place: { before: 1, after: 4, previous: [ofLane[0]], next: ofLane.slice(2, 5) },
        entries: [{ kind: 'paused', code: 'ECONNREFUSED' }],
      },
    ]);
    const [head] = (await view(ofLane[0])).timeline.targets;
    expect(head?.entries).toContainEqual(expect.objectContaining({ kind: 'unsent', code: 'ECONNREFUSED' }));
    expect((await view(ofLane[0])).requests).toMatchObject([
      {
        ...{ target: 'crm', method: 'POST', url: 'http://127.0.0.1:9/notify' },
        headers: {
          authorization: 'Bearer $CRM_AUTH_TOKEN',
          'content-type': 'application/json',
          'idempotency-key': ofLane[0],
        },
      },
    ]);
  });

  it('lists delivered ones page by page and by filters, without their content', async () => {
    const { accept: take, hear, get } = await stageOf([accept]);
    const ids = await take('a', 'b', 'c');
    await hear('delivered', 3);
    const first = await get('delivered?limit=2').expect(200);
    const second = await get(`delivered?limit=2&before=${String(first.body.older)}`).expect(200);
    const listed = [...first.body.delivered, ...second.body.delivered] as { id: string; lane: string }[];
    expect(listed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(second.body.older).toBeNull();
    const [ofA, ofB] = ids;
    expect((await get('delivered?lane=b')).body.delivered).toMatchObject([{ id: ofB, status: 200, attempts: 1 }]);
    expect((await get('delivered/count?lane=a').expect(200)).body).toEqual({ count: 1 });
    for (const query of ['?limit=-1', '?limit=201', '/count?limit=1'])
      expect((await get(`delivered${query}`).expect(400)).body.error.code).toBe('bad-query');
    expect(first.text).not.toMatch(/"moved"|user_id|"body"/);
    expect((await get('delivered?reason=rejected').expect(400)).body.error.code).toBe('bad-query');
    const csv = await get('delivered/export?format=csv&lane=a')
      .expect(200)
      .expect('content-type', /^text\/csv/);
    expect(csv.text.split('\r\n').map((row) => row.split(',').slice(0, 4).join())).toEqual([
      'state,target,id,type',
      `delivered,crm,${ofA!},user_moved`,
      '',
    ]);
    expect(csv.text).toMatch(/^[^\r]*,lane,acceptedAt,deliveredAt,attempts,status,durationMs\r\n/);
    const json = await get('delivered/export?format=json').expect(200);
    expect(json.headers['content-disposition']).toBe('attachment; filename="delivered.ndjson"');
    const records = json.text.trim().split('\n');
    expect(records.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(listed.map(({ id }) => id));
    expect(JSON.parse(records[0]!)).not.toHaveProperty('position');
    expect((await get('delivered/export').expect(400)).body.error.code).toBe('bad-query');
  });

  it('keeps no delivered ones where keepDelivered is 0', async () => {
    const { accept: take, hear, get } = await stageOf([accept], {}, { keepDelivered: { count: 0 } });
    await take('a');
    await hear('delivered');
    expect((await get('delivered').expect(200)).body).toEqual({ delivered: [], older: null });
  });

  it('tries one at once that waits, for those who may change something, and the log says who asked', async () => {
    const patient = { retry: { firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 } };
    const authorizeChange: DashboardOptions['authorizeChange'] = (req) => req.headers['x-user'] === 'ada';
    const options = { authorizeChange, userOf: () => 'ada' };
    const { notifier, accept: take, hear, app, get, audit } = await stageOf([reply(503), accept], options, patient);
    const [id = ''] = await take('a');
    await hear('retry');
    const path = `/crm/api/notifications/${id}/try-now?target=crm`;
    await request(app).post(path).set(fromThePage).expect(403);
    await get(`notifications/${id}/try-now`).expect(405);
    const ada = { ...fromThePage, 'x-user': 'ada' };
    expect((await request(app).post(path).set(ada).expect(200)).body).toEqual({ tried: 1 });
    expect(await hear('delivered')).toMatchObject([{ id, attempts: 2 }]);
    expect(audit.at('info').map(({ fields }) => fields)).toEqual([
      { by: 'ada', notificationId: id, target: 'crm', tried: 1 },
    ]);
    expect((await request(app).post(path).set(ada).expect(200)).body).toEqual({ tried: 0 });
    await notifier.pause({ by: 'bob' });
    const [waiting = ''] = await take('a');
    const refused = await request(app).post(`/crm/api/notifications/${waiting}/try-now`).set(ada).expect(409);
    const message = 'delivery to crm is paused by bob; resume it first';
    expect(refused.body).toEqual({ error: { code: 'paused', message } });
  });

  it('shows a body only to those whom showBodies lets, masked until they ask for its values, which the log says', async () => {
    const {
      accept: take,
      crm,
      hear,
      app,
      audit,
    } = await stageOf([reply(422, 'no')], {
      showBodies: (req) => req.headers['x-user'] === 'ada',
      userOf: (req) => String(req.headers['x-user']),
    });
    const [id = ''] = await take('booking:1');
    await hear('dead');
    const path = `/crm/api/notifications/${id}/body?target=crm`;
    const ada = { ...fromThePage, 'x-user': 'ada' };
    const bob = { ...fromThePage, 'x-user': 'bob' };
    expect((await request(app).get(path).set(bob).expect(403)).body.error.code).toBe('no-bodies');
    await request(app).post(path).set(bob).expect(403);
    const masked = await request(app).get(path).set(ada).expect(200);
    expect(masked.headers['cache-control']).toBe('no-store');
    expect(JSON.parse((masked.body as { body: string }).body)).toMatchObject({
      message: '•••',
      user_id: '•••',
      additional_data: { lane: '•••' },
    });
    expect(audit.at('info')).toEqual([]);
    // Another site's form has no such header.
    await request(app)
      .post(path)
      .set({ ...signedIn, 'x-user': 'ada' })
      .expect(403);
    const shown = await request(app).post(path).set(ada).expect(200);
    expect((shown.body as { body: string }).body).toBe(crm.received[0]!.text);
    expect(audit.at('info').map(({ fields }) => fields)).toEqual([{ by: 'ada', notificationId: id, target: 'crm' }]);
    await request(app).post(path.replace(id, 'unknown')).set(ada).expect(404);
  });
});
