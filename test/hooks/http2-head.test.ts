import { once } from 'node:events';
import {
  connect,
  createServer,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { createHold } from '../helpers/held-route.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { useCrm } from '../helpers/use-crm.js';

describe('A6: a response without a body over HTTP/2, whose head ends the stream', () => {
  const create = useNotifiers();
  const startCrm = useCrm();
  let session: ClientHttp2Session | undefined;
  let closeServer: (() => void) | undefined;
  afterEach(() => {
    session?.close();
    closeServer?.();
  });

  type Way = readonly [method: string, status: number, respond: (res: Http2ServerResponse) => void];
  const ways: Readonly<Record<string, Way>> = {
    'writeHead(204)': ['POST', 204, (res) => res.writeHead(204, { 'x-a': '1' })],
    'writeHead(204) and flushHeaders': [
      'POST',
      204,
      (res) => {
        res.writeHead(204, { 'x-a': '1' });
        (res as unknown as Response).flushHeaders();
      },
    ],
    'writeHead(205)': ['POST', 205, (res) => res.writeHead(205, { 'x-a': '1' })],
    'writeHead(304)': ['GET', 304, (res) => res.writeHead(304, { 'x-a': '1' })],
    'flushHeaders of a 204': [
      'POST',
      204,
      (res) => {
        res.statusCode = 204;
        res.setHeader('x-a', '1');
        (res as unknown as Response).flushHeaders();
      },
    ],
    'writeHead, to HEAD': ['HEAD', 201, (res) => res.writeHead(201, { 'x-a': '1' })],
    'a write, to HEAD': [
      'HEAD',
      201,
      (res) => {
        res.statusCode = 201;
        res.setHeader('x-a', '1');
        res.write('body');
      },
    ],
  };

  it.each(Object.entries(ways))(
    'goes out once it is stored, and not before: %s',
    async (_how, [method, status, respond]) => {
      const { notifier, hear } = create({ baseUrl: (await startCrm()).url });
      const hold = createHold();
      const headsSent: boolean[] = [];
      const respondTo = (req: Http2ServerRequest, res: Http2ServerResponse): void => {
        if (req.url === '/round-trip') {
          res.end();
          return;
        }
        const request: unknown = req;
        const response = Object.assign(res as unknown as Response, { locals: {} });
        notifier.middleware()(request as Request, response, () => {
          hold.hook(request as Request, response, () => {
            respond(res);
            headsSent.push(res.headersSent);
            setImmediate(() => res.end());
          });
        });
      };
      const server = createServer(respondTo).listen(0, '127.0.0.1');
      closeServer = () => server.close();
      await once(server, 'listening');
      session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);

      const stream = session.request({ ':path': '/', ':method': method }, { endStream: true });
      let isOut = false;
      const responded = once(stream, 'response') as Promise<[Record<string, unknown>]>;
      void responded.then(() => (isOut = true));
      await hold.begun;
      for (let trip = 0; trip < 2; trip += 1) {
        const other = session.request({ ':path': '/round-trip' });
        other.resume();
        await once(other, 'end');
      }
      expect(isOut).toBe(false);
      hold.letGo();

      expect((await responded)[0]).toMatchObject({ ':status': status, 'x-a': '1' });
      stream.resume();
      await once(stream, 'close');
      expect(headsSent).toEqual([true]);
      await hear('delivered');
    },
  );
});
