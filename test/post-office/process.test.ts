import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { usePrograms, type ChildProgram } from '../helpers/child-program.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

describe('a process with a notifier', () => {
  const run = usePrograms();
  const start = useCrm();
  const directory = useTempDirectory();
  const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** Something that is no CRM: does as it likes with each connection once a request has come. */
  const startRaw = async (onRequest: (socket: Socket) => void): Promise<string> => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => {
        onRequest(socket);
      });
    }).listen(0, '127.0.0.1');
    servers.push({ server, sockets });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const tell = (baseUrl: string, count: number, timeoutMs?: number): ChildProgram =>
    run('tell-the-crm', {
      args: [baseUrl, directory(), String(count), ...(timeoutMs === undefined ? [] : [String(timeoutMs)])],
    });
  /** Ends by itself, at once, without a word on standard error. */
  const expectCleanEnd = async (program: ChildProgram): Promise<void> => {
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' });
    const goneAfterMs = Number((await program.line('gone after')).split(' ').at(-1));
    // Far less than the 4 seconds for which an idle connection is kept.
    expect(goneAfterMs).toBeLessThan(2_000);
  };
  const pendingCount = async (path = directory()): Promise<number> => {
    const outbox = await openOutboxIn(path);
    const { pending } = outbox.counts();
    outbox.close();
    return pending;
  };

  it('is not kept alive by an idle one that nobody closes', async () => {
    const crm = await start();
    await expectCleanEnd(tell(crm.url, 0));
    expect(crm.received).toEqual([]);
  });

  it('lives until the CRM has answered, and is not kept alive by connections after that', async () => {
    const crm = await start();
    const program = tell(crm.url, 3);
    await expectCleanEnd(program);
    expect(program.lines.filter((line) => line === 'delivered')).toHaveLength(3);
    expect(await pendingCount()).toBe(0);
  });

  it('ends after a close', async () => {
    const crm = await start();
    const program = tell(crm.url, 3, 5_000);
    await expectCleanEnd(program);
    expect(await program.line('closed')).toBe('closed {"delivered":0,"pending":0,"dead":0}');
    expect(crm.received).toHaveLength(3);
  });

  it('is not kept alive by a circuit that waits for the CRM', async () => {
    const gone = await start();
    await gone.close();
    const program = tell(gone.url, 2);
    await expectCleanEnd(program);
    expect(program.lines).toContain('paused');
    expect(await pendingCount()).toBe(2);
  });

  it('survives a CRM that misbehaves in any way, and has everything for the next start (cases 45, 46, 48)', async () => {
    const gone = await start();
    await gone.close();
    const resetAfter = (text: string): Promise<string> =>
      startRaw((socket) => socket.write(text, () => socket.resetAndDestroy()));
    const answerWith = (text: string): Promise<string> => startRaw((socket) => socket.end(text));
    const urls: Readonly<Record<string, string>> = {
      'is down': gone.url,
      'has no address': 'http://crm.invalid:5001',
      'never answers': await startRaw(() => undefined),
      'resets at once': await startRaw((socket) => socket.resetAndDestroy()),
      'resets in the head': await resetAfter('HTTP/1.1 500 Oh\r\nConte'),
      'resets in the body': await resetAfter('HTTP/1.1 503 Oh\r\nContent-Length: 100\r\n\r\nabc'),
      'answers with zeros': await answerWith('\0\0\0\0'),
      'speaks another protocol': await answerWith('SSH-2.0-OpenSSH_9.6\r\n'),
      'answers a page without a head': await answerWith('<html>hello</html>'),
      'has no number for a status': await answerWith('HTTP/1.1 banana\r\n\r\n'),
    };
    const expected = {
      end: { code: 0, signal: null, stderr: '' },
      report: { delivered: 0, pending: 3, dead: 0 },
      kept: 3,
    };
    // All at once: most of their time is the start of a process.
    const ends = await Promise.all(
      Object.entries(urls).map(async ([what, url], index) => {
        const outbox = join(directory(), String(index));
        const program = run('tell-the-crm', { args: [url, outbox, '3', '300'] });
        const end = await program.ended;
        const closed = program.lines.find((line) => line.startsWith('closed '));
        const report: unknown = closed === undefined ? undefined : JSON.parse(closed.slice('closed '.length));
        return [what, { end, report, kept: await pendingCount(outbox) }] as const;
      }),
    );
    expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(Object.keys(urls).map((what) => [what, expected])));
  }, 30_000);
});
