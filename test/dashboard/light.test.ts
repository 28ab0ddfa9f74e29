import { get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { Overview } from '../../src/dashboard/api-contract.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { useServer } from '../helpers/served.js';
import { useCrm } from '../helpers/use-crm.js';
import { signedIn, useDashboard } from './use-dashboard.js';

interface Got {
  readonly status: number;
  readonly encoding: string | undefined;
  readonly bytes: number;
  readonly text: string;
}

function fetchAs(url: string, headers: Record<string, string>): Promise<Got> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { ...signedIn, ...headers } }, (res) => {
      buffer(res).then((body) => {
        const encoding = res.headers['content-encoding'];
        const text = (encoding === 'gzip' ? gunzipSync(body) : body).toString();
        resolve({ status: res.statusCode ?? 0, encoding, bytes: body.byteLength, text });
      }, reject);
    }).on('error', reject);
  });
}

describe('a dashboard that is watched', () => {
  const dashboardOf = useDashboard();
  const serve = useServer();
  const startCrm = useCrm();

  it.each([
    ['gzip, deflate, br', 'gzip'],
    ['br;q=1.0, gzip;q=0.8', 'gzip'],
    ['deflate', undefined],
    ['gzip;q=0', undefined],
    ['identity', undefined],
  ])('sends to a client that accepts %s: %s', async (accepted, encoding) => {
    const { app } = dashboardOf({});
    const { url } = await serve(app);
    const plain = await fetchAs(`${url}/crm/dashboard.js`, {});
    const got = await fetchAs(`${url}/crm/dashboard.js`, { 'accept-encoding': accepted });
    expect(got).toMatchObject({ status: 200, encoding, text: plain.text });
    expect(got.bytes < plain.bytes).toBe(encoding === 'gzip');
  });

  it('sends a tab that stays open only what is new: less than 5 MB an hour under load', async () => {
    const crm = await startCrm();
    const clock = createOwnedClock();
    const stage = dashboardOf({ baseUrl: crm.url, clock }, { clock });
    const { url } = await serve(stage.app);
    let after = '';
    let bytes = 0;
    const polls = 20;
    for (let poll = 1; poll <= polls; poll += 1) {
      // Ten a second.
      await stage.accept(...Array.from({ length: 15 }, (_, index) => `lane:${String(poll)}:${String(index)}`));
      while (stage.told('delivered').length < 15 * poll) await clock.advance(1);
      await clock.advance(1_500);
      const asked = fetchAs(`${url}/crm/api/overview?range=hour${after}`, { 'accept-encoding': 'gzip' });
      const got = await clock.advanceUntil(asked);
      const overview = JSON.parse(got.text) as Overview;
      expect(overview.attempts).toHaveLength(15);
      after = `&after=${overview.session}:${String(overview.attempts[0]!.number)}`;
      bytes += got.bytes;
    }
    const perHour = (bytes / polls) * (3_600_000 / 1_500);
    process.stdout.write(`a tab of the dashboard: ${(perHour / 1_000_000).toFixed(1)} MB an hour at 10 a second\n`);
    expect(perHour).toBeLessThan(5_000_000);
  });

  it('shows probes that all fail alike as one line, with how many there were', async () => {
    const clock = createOwnedClock();
    const stage = dashboardOf({ baseUrl: 'http://127.0.0.1:9', clock, breaker: { failureThreshold: 1 } }, { clock });
    const { url } = await serve(stage.app);
    const [id] = await stage.accept('a');
    await clock.advanceUntil(stage.hear('unsent', 5));
    const read = async (after: string): Promise<Overview> => {
      await clock.advance(500);
      return JSON.parse((await clock.advanceUntil(fetchAs(`${url}/crm/api/overview${after}`, {}))).text) as Overview;
    };
    const { attempts, session } = await read('');
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatchObject({ id, outcome: 'unsent', firstNumber: 1 });
    expect(attempts[0]!.number).toBeGreaterThanOrEqual(5);
    expect((await read(`?after=another:${String(attempts[0]!.number)}`)).attempts).toHaveLength(1);
    const count = stage.told('unsent').length;
    await clock.advanceUntil(stage.hear('unsent', count + 1));
    const later = await read(`?after=${session}:${String(attempts[0]!.number)}`);
    expect(later.attempts).toMatchObject([{ id, firstNumber: 1 }]);
  });
});
