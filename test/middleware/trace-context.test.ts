import request from 'supertest';
import { afterEvent } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

describe.each(expressVersions)('a request’s traceparent on $version', ({ express }) => {
  const setStage = useStage();

  async function forwarded(headers: Record<string, string>): Promise<unknown[]> {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.put(
      '/',
      afterEvent('updated', () => ({ eventId: 101, userId: 123 })),
      async (_req, res) => {
        await res.locals.crm.notify({ notificationType: 'seen', userId: 123, message: 'Seen' });
        res.json({});
      },
    );
    await request(app).put('/').set(headers).expect(200);
    return (await posted()).map((received) => received.headers['traceparent']);
  }

  it.each([`00-${traceId}-${parentId}-01`, `00-${traceId}-${parentId}-00`, `cc-${traceId}-${parentId}-01`])(
    'case 35: is forwarded when it is valid: %s',
    async (traceparent) => {
      expect(await forwarded({ traceparent })).toEqual([traceparent, traceparent]);
    },
  );

  it.each([
    ['none', {}],
    ['empty', { traceparent: '' }],
    ['version ff', { traceparent: `ff-${traceId}-${parentId}-01` }],
    ['in capitals', { traceparent: `00-${traceId.toUpperCase()}-${parentId}-01` }],
    ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-${parentId}-01` }],
    ['a parent id of zeros', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }],
    ['too short', { traceparent: `00-${traceId}-${parentId.slice(1)}-01` }],
    ['more behind it', { traceparent: `00-${traceId}-${parentId}-01-extra` }],
    ['two of them', { traceparent: `00-${traceId}-${parentId}-01, 00-${traceId}-${parentId}-01` }],
    ['a text', { traceparent: 'yes' }],
  ] as [string, Record<string, string>][])('is ignored when it is not: %s', async (_what, headers) => {
    expect(await forwarded(headers)).toEqual([undefined, undefined]);
  });
});
