import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterEvent, afterResponse } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

describe.each(expressVersions)('case 32: what clients put into a path on $version', ({ express }) => {
  const setStage = useStage();

  it.each<[string, string]>([
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['1;DROP TABLE pending', '1;DROP TABLE pending'],
    ["' OR 1=1 --", "' OR 1=1 --"],
    ['../../etc/passwd', '../../etc/passwd'],
    ['é😀\u202e', 'é😀\u202e'],
    ['a\r\nX-Evil: 1', 'a\r\nX-Evil: 1'],
    ['a\0b', 'a\0b'],
    ['1', '1'],
    ['1e3', '1e3'],
  ])('is sent as the plain string it is: %j', async (id, sent) => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.delete('/events/:id', afterEvent('deleted'), (req, res) => {
      Object.assign(req, { user: { id: 123 } });
      res.status(204).end();
    });

    await request(app)
      .delete(`/events/${encodeURIComponent(id)}`)
      .expect(204);

    expect((await posted()).map(({ json }) => json['additional_data'])).toEqual([
      { event_id: sent, action: 'deleted' },
    ]);
  });

  it('is rejected where it is too long, and not logged', async () => {
    const { crm, posted, rejected, log } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.delete(
      '/events/:id',
      afterEvent('deleted', (_body, { req }) => ({ eventId: req.params['id'] as string, userId: 1 })),
      (_req, res) => res.status(204).end(),
    );

    await request(app)
      .delete(`/events/${'x'.repeat(129)}`)
      .expect(204);

    expect(await posted()).toEqual([]);
    expect(rejected.map(({ error }) => error.message)).toEqual([
      'notification is not valid: eventId: must have 1 to 128 characters',
    ]);
    expect(log.text()).not.toContain('xxx');
  });

  it.each<[string, string]>([
    ['a list', 'id[]=1&id[]=2'],
    ['an object', 'id[$gt]=1'],
    ['a parameter named __proto__', '__proto__[id]=7'],
  ])('is rejected where a query makes %s of it', async (_what, query) => {
    const { crm, posted, rejected } = await setStage();
    const app = express();
    app.set('query parser', 'extended');
    app.use(crm.middleware());
    app.get(
      '/',
      afterEvent('shown', (_body, { req }) => ({ eventId: req.query['id'] as string, userId: 1 })),
      (_req, res) => res.json({}),
    );

    await request(app).get(`/?${query}`).expect(200);

    expect(await posted()).toEqual([]);
    expect(rejected.map(({ error }) => error.message)).toEqual([expect.stringContaining('eventId: ')]);
    expect(({} as { id?: unknown }).id).toBeUndefined();
  });

  it('case 19: a body and a mapper’s answer with dangerous keys touch no prototype', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(express.json(), crm.middleware());
    const echo: RequestHandler = (req, res) => res.json(req.body);
    app.post(
      '/',
      afterEvent('updated'),
      afterResponse('seen', (body) => ({
        userId: 1,
        message: 'Seen',
        additionalData: body as object as Record<string, unknown>,
      })),
      echo,
    );
    const evil =
      '{"id":1,"userId":2,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}';

    await request(app).post('/').type('json').send(evil).expect(200);

    const [event, seen] = await posted();
    expect(event?.json['additional_data']).toEqual({ event_id: 1, action: 'updated' });
    expect(seen?.text).toContain(`"additional_data":${evil}`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((Object as unknown as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('case 32: a wildcard of Express 5, whose parameter is a list', () => {
  const setStage = useStage();
  const { express } = expressVersions[1]!;

  it('is rejected, naming the field', async () => {
    const { crm, posted, rejected } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.delete('/events/*id', afterEvent('deleted'), (req, res) => {
      Object.assign(req, { user: { id: 123 } });
      res.status(204).end();
    });

    await request(app).delete('/events/1/2').expect(204);

    expect(await posted()).toEqual([]);
    expect(rejected.map(({ error }) => error.message)).toEqual([
      'notification is not valid: eventId: must be a positive safe integer or a string',
    ]);
  });
});
