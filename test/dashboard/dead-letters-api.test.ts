import request from 'supertest';
import type { DeadLetterPage, Redelivered, SelectedKeys } from '../../src/dashboard/api-contract.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { fromThePage, signedIn, testDashboard, useDashboard } from './use-dashboard.js';

describe.each(expressVersions)('the API for dead letters, on $version', ({ express }) => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();

  async function withDead(count: number) {
    const crm = await startCrm(reply(422, 'user is unknown'));
    const log = createLogCollector();
    const stage = dashboardOf({ baseUrl: crm.url }, { logger: log }, express);
    const ids = await stage.accept(...Array.from({ length: count }, (_, index) => `booking:${String(index)}`));
    await stage.hear('dead', count);
    const list = (query = '') => request(stage.app).get(`/crm/api/dead-letters${query}`).set(signedIn);
    const change = (path: string) => request(stage.app).post(`/crm/api/dead-letters/${path}`).set(fromThePage);
    return { ...stage, crm, ids, list, change, audit: log };
  }

  it('lists them newest first, page by page, without the content of the notifications', async () => {
    const { list, deadLetters } = await withDead(5);
    const all = await deadLetters.list();
    const first = await list('?limit=2').expect(200);
    expect(first.body.letters).toEqual(JSON.parse(JSON.stringify(all.slice(0, 2))));
    const second = await list(`?limit=2&before=${first.body.older}`);
    const third = await list(`?limit=2&before=${second.body.older}`);
    expect(third.body.older).toBeNull();
    const ids = [first, second, third].flatMap(({ body }) => (body as DeadLetterPage).letters.map(({ id }) => id));
    expect(ids).toEqual(all.map(({ id }) => id));
    expect(first.text).not.toMatch(/"moved"|additional_data|user_id/);
    expect((await list('?search=BOOKING%3A3')).body.letters).toHaveLength(1);
    expect((await list('?search=422')).body.letters).toHaveLength(5);
    expect((await list('?search=%25')).body.letters).toHaveLength(0);
  });

  it('lists, summarises, redelivers and discards by exact filters', async () => {
    const { list, change, app, stats } = await withDead(3);
    const of = 'type=user_moved&reason=rejected&status=422&lane=booking%3A1';
    expect((await list(`?${of}`)).body.letters).toHaveLength(1);
    expect((await list('?target=nobody')).body.letters).toEqual([]);
    const { body } = await request(app).get('/crm/api/dead-letters/summary?status=422').set(signedIn).expect(200);
    expect(body).toMatchObject({ count: 3, groups: [{ type: 'user_moved', status: 422, count: 3 }] });
    await request(app).get('/crm/api/dead-letters/summary?nothing=1').set(signedIn).expect(400);
    expect((await change(`discard-all?${of}`).expect(200)).body).toEqual({ discarded: 1 });
    expect((await change('redeliver-all?status=0').expect(200)).body).toMatchObject({ redelivered: 0 });
    expect((await change('discard-all?before=1').expect(400)).body.error.code).toBe('bad-query');
    expect(await stats()).toMatchObject({ dead: 2 });
  });

  it('shows what is stored of one, without its body', async () => {
    const { ids, app } = await withDead(1);
    const find = (id: string) => request(app).get(`/crm/api/notifications/${id}`).set(signedIn).expect(200);
    const { body, text } = await find(ids[0]!);
    expect(body).toMatchObject({ entries: [{ state: 'dead', target: 'crm', id: ids[0], attempts: 1 }] });
    expect(text).not.toMatch(/"moved"|user_id|"body"/);
    expect((await find('unknown')).body).toMatchObject({ entries: [], timeline: { targets: [] } });
  });

  it.each([
    ['limit=200', 3],
    ['limit=1', 1],
    ['before=9007199254740991', 3],
    ['before=0', 0],
    ['search=', 3],
    ['search=%00', 0],
    [`search=${'x'.repeat(256)}`, 0],
  ])('takes %s (case 57)', async (query, count) => {
    const { list } = await withDead(3);
    expect((await list(`?${query}`).expect(200)).body.letters).toHaveLength(count);
  });

  it.each([
    'limit=-1',
    'limit=0',
    'limit=1.5',
    'limit=201',
    'limit=1e1',
    'limit=%201',
    'limit=NaN',
    'limit=Infinity',
    'limit=',
    'limit=1&limit=2',
    'limit[]=1',
    'id[$gt]=',
    'before=',
    'before=-1',
    'before=1.5',
    'before=1e3',
    'before=99999999999999999999',
    'before=9007199254740993',
    'before=%3Cscript%3E',
    'before[$gt]=1',
    `search=${'x'.repeat(257)}`,
    'lane=%00',
    'status=1000',
    '__proto__=1',
    'reason=nothing',
    'status=abc',
    'from=-1',
    'upTo=1',
  ])('responds 400 to %s, and does not repeat it (case 57)', async (query) => {
    const { app } = dashboardOf({}, {}, express);
    const { body, text } = await request(app).get(`/crm/api/dead-letters?${query}`).set(signedIn).expect(400);
    expect(body.error.code).toBe('bad-query');
    expect(text).not.toMatch(/\$gt|script|xxx|NaN|__proto__/);
  });

  it.each(['%', '%E0%A4', 'x'.repeat(257)])('refuses %s as an id (case 57)', async (id) => {
    const { change, stats } = await withDead(1);
    const { body } = await change(`${id}/redeliver`).expect(400);
    expect(body.error.code).toBe('bad-id');
    await change(`${id}/discard`).expect(400);
    expect((await stats()).dead).toBe(1);
  });

  it.each(['no-such-id', 'all', '..%2F..%2Fx', '%3Cscript%3E', '%00', "'%20OR%201=1"])('finds no %s', async (id) => {
    const { change, stats } = await withDead(1);
    expect((await change(`${id}/redeliver`).expect(200)).body).toEqual({ redelivered: 0, at: expect.any(Number) });
    await change(`${id}/discard`).expect(200, { discarded: 0 });
    expect((await stats()).dead).toBe(1);
  });

  it('redelivers one only once: on two requests at once, while it is in flight, and after the CRM has it (case 59)', async () => {
    const { crm, ids, change, hear, stats, audit } = await withDead(2);
    const id = ids[0]!;
    let respond = (): void => undefined;
    crm.answerWith((received, res) => {
      respond = () => {
        accept(received, res);
      };
    });
    const both = await Promise.all([change(`${id}/redeliver`), change(`${id}/redeliver`)]);
    expect(both.map(({ body }) => (body as Redelivered).redelivered).sort()).toEqual([0, 1]);
    await crm.waitFor(3);
    expect((await stats()).inFlight).toBe(1);
    expect((await change(`${id}/redeliver`).expect(200)).body).toEqual({ redelivered: 0, at: expect.any(Number) });
    await change(`${id}/discard`).expect(200, { discarded: 0 });
    respond();
    await hear('delivered');
    expect((await change(`${id}/redeliver`).expect(200)).body).toEqual({ redelivered: 0, at: expect.any(Number) });
    expect(idsOf(crm.received).filter((received) => received === id)).toHaveLength(2);
    expect(await stats()).toMatchObject({ dead: 1, pending: 0, delivered: 1 });
    expect(audit.at('info').map(({ fields }) => fields)).toContainEqual({ notificationId: id, redelivered: 1 });
  });

  it('redelivers all under their own ids', async () => {
    const { crm, ids, change, hear } = await withDead(3);
    crm.answerWith(accept);
    expect((await change('redeliver-all').expect(200)).body).toEqual({ redelivered: 3, at: expect.any(Number) });
    await hear('delivered', 3);
    expect(idsOf(crm.received.slice(3)).sort()).toEqual([...ids].sort());
    expect((await change('redeliver-all').expect(200)).body).toEqual({ redelivered: 0, at: expect.any(Number) });
  });

  it.each([
    ['the dashboard', false],
    ['the app', true],
  ])('redelivers and discards selected ones, whose ids %s reads', async (_who, isReadByApp) => {
    const { ids, change, notifier, stats, audit, crm, hear } = await withDead(4);
    const app = express();
    if (isReadByApp) app.use(express.json());
    app.use('/crm', testDashboard(notifier, { logger: audit }));
    const post = (path: string, body: unknown, filter = '') =>
      request(app)
        .post(`/crm/api/dead-letters/${path}?target=crm${filter}`)
        .set(fromThePage)
        .send(body as object);
    const selected = ids.slice(0, 2);
    expect((await post('discard-selected', { ids: [ids[3]] }).expect(200)).body).toEqual({ discarded: 1 });
    crm.answerWith(reply(422, 'still unknown'));
    const { body } = await post('redeliver-selected', { ids: selected }).expect(200);
    expect(body).toEqual({ redelivered: 2, at: expect.any(Number) });
    await hear('dead', 6);
    expect((await post('summary-of-selected', { ids: selected }).expect(200)).body).toMatchObject({ count: 2 });
    const keys = async (filter: string) => {
      const { body: found } = await post('keys-of-selected', { ids }, filter).expect(200);
      return (found as SelectedKeys).letters.map(({ id, target }) => `${target} ${id}`).sort();
    };
    // The discarded one is none any more; two have died again.
    expect(await keys('')).toEqual(ids.slice(0, 3).map((id) => `crm ${id}`));
    expect(await keys('&search=still')).toEqual(selected.map((id) => `crm ${id}`));
    expect(await stats()).toMatchObject({ dead: 3 });
    expect(audit.at('info').map(({ fields }) => fields)).toContainEqual({
      filter: { target: 'crm' },
      notificationIds: selected,
      redelivered: 2,
    });
    for (const wrong of [{}, { ids: [] }, { ids: [1] }, { ids: 'x' }, { ids: Array(1_001).fill('x') }, [], 'x']) {
      const { body: refused } = await post('discard-selected', wrong).expect(400);
      expect(refused.error.code).toBe('bad-ids');
    }
    const tooMany = { ids: Array.from({ length: 1_001 }, String) };
    await expect(notifier.deadLetters.discardAll(tooMany)).rejects.toThrow(
      'crm.deadLetters.discardAll(): ids: must be a list of at most 1000 ids; call again for the others',
    );
    // Not taken for all of them, if the body was lost.
    expect((await change('discard-selected').expect(400)).body.error.code).toBe('bad-ids');
    await request(app).post('/crm/api/dead-letters/discard-selected').set(signedIn).send({ ids }).expect(403);
    await request(app).get('/crm/api/dead-letters/discard-selected').set(signedIn).expect(405);
    expect(await stats()).toMatchObject({ dead: 3 });
  });

  it('exports what matches as CSV and as JSON, without the content of the notifications', async () => {
    const { app, ids, list } = await withDead(3);
    const get = (query: string) => request(app).get(`/crm/api/dead-letters/export?${query}`).set(signedIn);
    const csv = await get('format=csv&search=booking')
      .expect(200)
      .expect('content-type', /^text\/csv/);
    expect(csv.headers['content-disposition']).toBe('attachment; filename="dead-letters.csv"');
    const [header, newest, ...others] = csv.text.split('\r\n');
    expect(header).toBe('state,target,id,type,lane,occurredAt,diedAt,attempts,reason,status,detail');
    expect(newest).toMatch(
      new RegExp(`^dead,crm,${ids[2]},user_moved,booking:2,.*Z,.*Z,1,rejected,422,user is unknown$`),
    );
    expect(others).toHaveLength(3);
    const json = String((await get('format=json').responseType('blob').expect(200)).body);
    const records = json
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(records).toMatchObject([...ids].reverse().map((id) => ({ state: 'dead', id, reason: { status: 422 } })));
    expect(csv.text + json).not.toMatch(/"moved"|user_id/);
    expect((await get('format=csv&search=nowhere').expect(200)).text).toBe(`${header}\r\n`);
    for (const query of ['', 'format=xml', 'format=csv&limit=1']) await get(query).expect(400);
    await list('?format=csv').expect(400);
  });

  it('discards one for good', async () => {
    const { ids, change, deadLetters } = await withDead(2);
    await change(`${ids[0]!}/discard`).expect(200, { discarded: 1 });
    expect((await deadLetters.list()).map(({ id }) => id)).toEqual([ids[1]]);
  });

  it('responds 503 when the notifier is closed, and repeats nothing', async () => {
    const { list, change, ids, notifier } = await withDead(1);
    await notifier.close();
    const refusals = [
      await list('?search=quoted'),
      await change(`${ids[0]!}/redeliver`),
      await change('redeliver-all'),
    ];
    for (const { status, body, text } of refusals) {
      expect(status).toBe(503);
      expect(body.error.code).toBe('ERR_CRM_OUTBOX');
      expect(text).not.toMatch(/quoted|0199|01a/);
    }
  });
});
