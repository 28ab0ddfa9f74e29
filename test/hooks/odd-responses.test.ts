import { once } from 'node:events';
import { connect, createServer, Http2ServerRequest, Http2ServerResponse, type ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Express, RequestHandler, Response } from 'express';
import request from 'supertest';
import { afterBooking, afterResponse } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

const booking = { id: 456, userId: 123, sessionId: 789 };

describe.each(expressVersions)('case 34: an odd response on $version', ({ express }) => {
  const setStage = useStage();

  const answer: RequestHandler = (_req, res) => {
    res.status(201).json({ booking });
  };
  /** Gives the hook another response object than the handler gets, as wrapping frameworks do. */
  const hookOf =
    (disguise: (res: Response) => Response): RequestHandler =>
    (req, res, next) => {
      afterBooking('created')(req, disguise(res), next);
    };

  it('that is proxied: one notification', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post(
      '/',
      hookOf((res) => new Proxy(res, {})),
      answer,
    );

    await request(app).post('/').expect(201, { booking });

    expect(await posted()).toHaveLength(1);
  });

  it.each<[string, RequestHandler]>([
    ['frozen', hookOf((res) => Object.freeze(Object.create(res) as Response))],
    [
      'one whose end cannot be replaced',
      (req, res, next) => {
        Object.defineProperty(res, 'end', { value: res.end.bind(res), writable: false });
        afterBooking('created')(req, res, next);
      },
    ],
  ])('that is %s: one clear warning, and the response is untouched', async (_what, hook) => {
    const { crm, posted, rejected, log } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', hook, answer);

    await request(app).post('/bookings').expect(201, { booking });

    expect(await posted()).toEqual([]);
    expect(rejected).toHaveLength(1);
    expect(log.at('warn').map((line) => [line.fields['route'], line.message])).toEqual([
      ['POST /bookings', expect.stringContaining('the response cannot be watched: TypeError')],
    ]);
  });

  describe('of HTTP/2’s compatibility layer', () => {
    let session: ClientHttp2Session | undefined;
    let closeServer: (() => void) | undefined;
    afterEach(() => {
      session?.close();
      closeServer?.();
    });

    /** Makes an app answer through HTTP/2's own request and response, which Express does not do by itself. */
    function overHttp2(app: Express): void {
      for (const [name, base] of [
        ['request', Http2ServerRequest.prototype],
        ['response', Http2ServerResponse.prototype],
      ] as const) {
        const methods = Object.create(base, Object.getOwnPropertyDescriptors(express[name])) as object;
        Object.setPrototypeOf(app[name], methods);
      }
    }

    it.each(['json', 'end', 'stream'])('one notification, and the body arrives (%s)', async (how) => {
      const { crm, posted, rejected } = await setStage();
      const app = express();
      overHttp2(app);
      app.use(crm.middleware());
      app.get(
        '/',
        afterResponse('seen', () => ({ userId: 123, message: 'Seen' })),
        (_req, res) => {
          if (how === 'json') res.status(201).json('body');
          else if (how === 'end') res.status(201).end('"body"');
          else {
            res.status(201).write('"bo');
            res.end('dy"');
          }
        },
      );
      const server = createServer(app as unknown as Parameters<typeof createServer>[0]).listen(0, '127.0.0.1');
      closeServer = () => server.close();
      await once(server, 'listening');
      session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);

      const stream = session.request({ ':path': '/' });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];

      expect(headers[':status']).toBe(201);
      expect(await text(stream)).toBe('"body"');
      expect(await posted()).toHaveLength(1);
      expect(rejected).toEqual([]);
    });
  });
});
