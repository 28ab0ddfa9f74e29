import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { startUnreliableNetwork, useUnreliableNetwork } from './unreliable-network.js';

describe('an unreliable network', () => {
  const startNetwork = useUnreliableNetwork();
  const sockets = new Set<Socket>();
  /** Sends back what it gets; its connections, in the order in which they came. */
  let connections: Socket[];
  let echo: Server;

  beforeEach(async () => {
    connections = [];
    echo = createServer((socket) => {
      watch(socket);
      connections.push(socket);
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => echo.close(resolve));
  });

  it('passes both ways', async () => {
    const { port } = await startNetwork(portOf(echo));
    const client = await open(port);
    const big = 'x'.repeat(1_000_000);
    expect(await roundTrip(client, big)).toBe(big);
    client.end();
    await once(client, 'close');
    expect(sockets.size).toBe(0);
  });

  it('in a silence accepts connections, holds what is sent and answers nothing; then passes it all', async () => {
    const network = await startNetwork(portOf(echo));
    const [before, leaving] = [await open(network.port), await open(network.port)];
    for (const client of [before, leaving]) await roundTrip(client, 'before');
    network.silence();
    const during = await open(network.port);
    const answers = [before, during].map((client) => answer(client, 'during'.length));
    before.write('during');
    during.write('during');
    leaving.end();
    // Meanwhile the server answers whom it can hear.
    const direct = await open(portOf(echo));
    for (let round = 0; round < 20; round += 1) await roundTrip(direct, 'direct');
    expect([before.bytesRead, during.bytesRead]).toEqual(['before'.length, 0]);
    expect(connections).toHaveLength(3);
    expect(connections.map((connection) => connection.readableEnded)).toEqual([false, false, false]);
    const left = once(leaving, 'close');
    network.restore();
    expect(await Promise.all(answers)).toEqual(['during', 'during']);
    await left;
  });

  it('is slow in each direction', async () => {
    const network = await startNetwork(portOf(echo));
    const client = await open(network.port);
    network.slow(60);
    const startedAt = performance.now();
    expect(await roundTrip(client, 'late')).toBe('late');
    // Timers may be early by a millisecond.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(118);
  });

  it('resets the connections that it cuts, and passes on new ones', async () => {
    const network = await startNetwork(portOf(echo));
    const client = await open(network.port);
    await roundTrip(client, 'before');
    const ends = [client, connections[0]!].map((socket) => once(socket, 'error'));
    network.cut();
    for (const [error] of await Promise.all(ends)) expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(await roundTrip(await open(network.port), 'after')).toBe('after');
  });

  it('resets a connection to a server that is not there', async () => {
    const client = await open((await startNetwork(1)).port);
    const [error] = await once(client, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('is gone once it is closed', async () => {
    const network = await startUnreliableNetwork(portOf(echo));
    await network.close();
    await expect(open(network.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  function watch(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  }

  async function open(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    watch(socket);
    await once(socket, 'connect');
    return socket;
  }
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function roundTrip(socket: Socket, text: string): Promise<string> {
  const answered = answer(socket, text.length);
  socket.write(text);
  return answered;
}

/** The next so many characters that arrive. */
function answer(socket: Socket, length: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', function read(chunk: Buffer) {
      text += chunk.toString();
      if (text.length < length) return;
      socket.off('data', read);
      resolve(text);
    });
  });
}
