import express from 'express';
import request from 'supertest';
import type { PendingPage } from '../../src/dashboard/api-contract.js';
import type { PendingEntry } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { signedIn, testDashboard, useDashboard } from './use-dashboard.js';

describe('the API for what is pending', () => {
  const dashboardOf = useDashboard();

  /** So many pending, in lanes of two, for a CRM that is away. */
  async function withPending(count: number) {
    const stage = dashboardOf({ baseUrl: 'http://127.0.0.1:9' });
    const ids = await stage.accept(...Array.from({ length: count }, (_, index) => `lane:${String(index >> 1)}`));
    const list = (query = '') => request(stage.app).get(`/crm/api/pending${query}`).set(signedIn);
    return { ...stage, ids, list };
  }

  it('lists it oldest first, page by page, with what each waits for, and without the content', async () => {
    const { list, ids } = await withPending(5);
    const first = await list('?limit=2').expect(200);
    const page = first.body as PendingPage;
    expect(page.entries).toMatchObject([
      { id: ids[0], target: 'crm', type: 'user_moved', lane: 'lane:0', waitsInLane: false },
      { id: ids[1], lane: 'lane:0', attempts: 0, nextAttemptAt: 0, waitsInLane: true },
    ]);
    const rest = (await list(`?after=${String(page.next)}`).expect(200)).body as PendingPage;
    expect(rest.entries.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(rest.next).toBeNull();
    expect(first.text).not.toMatch(/"moved"|user_id|body|traceparent/);
  });

  it('filters and counts it', async () => {
    const { list } = await withPending(5);
    expect(((await list('?lane=lane:1')).body as PendingPage).entries).toHaveLength(2);
    expect(((await list('?attempts=some&search=LANE:9')).body as PendingPage).entries).toEqual([]);
    expect((await list('/count?search=lane:0').expect(200)).body).toEqual({ count: 2, isAtLeast: false });
    expect((await list('/count').expect(200)).body).toEqual({ count: 5, isAtLeast: false });
    for (const query of ['?before=1', '?attempts=7', '?status=1', '?limit=', '?limit=0', '/count?limit=1', '/export'])
      expect((await list(query).expect(400)).body.error.code).toBe('bad-query');
    await request((await withPending(0)).app)
      .post('/crm/api/pending')
      .set(signedIn)
      .expect(405);
  });

  it('exports it as CSV, page by page', async () => {
    const { list, ids } = await withPending(1_100);
    const { text } = await list('/export?format=csv')
      .expect(200)
      .expect('content-type', /^text\/csv/);
    const rows = text.trim().split('\r\n');
    expect(rows[0]).toMatch(/^state,target,id,.*,nextAttemptAt,traceparent$/);
    expect(rows.slice(1).map((row) => row.split(',')[2])).toEqual(ids);
  });

  it('runs four exports at once, and the next one when one of them has ended', async () => {
    const { notifier } = await withPending(0);
    const held = createDeferred<readonly PendingEntry[]>();
    const app = express();
    app.use('/crm', testDashboard({ ...notifier, pending: { ...notifier.pending, list: () => held.promise } }));
    const ask = async () => (await request(app).get('/crm/api/pending/export?format=json').set(signedIn)).status;
    const asked = Array.from({ length: 5 }, ask);
    expect(await Promise.race(asked)).toBe(503);
    held.resolve([]);
    expect((await Promise.all(asked)).sort()).toEqual([200, 200, 200, 200, 503]);
    expect(await ask()).toBe(200);
  });
});
