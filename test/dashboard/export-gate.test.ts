import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createExportGate } from '../../src/dashboard/export-gate.js';
import { exportList } from '../../src/dashboard/export-list.js';
import { send } from '../../src/dashboard/response.js';

describe('exports', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('are not held up for ever by clients that read no more', async () => {
    const gate = createExportGate(1_000);
    const endless = {
      ...{ name: 'rows', header: ['row'], cellsOf: (row: string) => [row], recordOf: Object },
      readAfter: () => Promise.resolve(Array.from({ length: 100 }, () => 'x'.repeat(1_000))),
    };
    const ended: Promise<unknown>[] = [];
    server = createServer((_req, res) => {
      ended.push(once(res, 'close'));
      void gate(() => exportList('csv', endless)).then((response) => {
        send(res, response);
      });
    });
    await once(server.listen(0), 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = async (): Promise<IncomingMessage> => {
      const asked = get({ port }).on('error', () => undefined);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return response;
    };
    await Promise.all([ask(), ask(), ask(), ask()]);
    const refused = await ask();
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '10']);
    await Promise.all(ended.slice(0, 4));
    expect((await ask()).statusCode).toBe(200);
  });
});
