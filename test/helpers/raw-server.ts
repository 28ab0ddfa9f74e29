import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Called with each complete request; whatever it writes is the reply, HTTP or not. */
export type RawAnswer = (socket: Socket, request: string) => void;

/** A server below HTTP, for replies that `node:http` would not send. */
export interface RawServer {
  readonly url: string;
  readonly port: number;
  /** Every complete request so far, head and body. */
  readonly requests: readonly string[];
  /** How many connections there have been. */
  readonly connectionCount: number;
  /** Resolves once the client has ended so many connections. */
  waitForClosed(count: number): Promise<void>;
}

/** Starts raw servers for the tests of a file; each is ended with its connections after its test. */
export function useRawServer(): (answer: RawAnswer, onConnection?: (socket: Socket) => void) => Promise<RawServer> {
  const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
  });
  return async (answer, onConnection) => {
    const sockets = new Set<Socket>();
    const requests: string[] = [];
    const waiting = new Set<() => void>();
    let connectionCount = 0;
    let closedCount = 0;
    const server = createServer((socket) => {
      connectionCount += 1;
      sockets.add(socket);
      let unread = '';
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        closedCount += 1;
        for (const check of waiting) check();
      });
      socket.on('data', (chunk: Buffer) => {
        unread += chunk.toString('latin1');
        for (let request = completeRequest(unread); request !== undefined; request = completeRequest(unread)) {
          unread = unread.slice(request.length);
          requests.push(request);
          answer(socket, request);
        }
      });
      onConnection?.(socket);
    });
    servers.push({ server, sockets });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${String(port)}`,
      port,
      requests,
      get connectionCount() {
        return connectionCount;
      },
      waitForClosed: (count) =>
        new Promise((resolve) => {
          const check = (): void => {
            if (closedCount < count) return;
            waiting.delete(check);
            resolve();
          };
          waiting.add(check);
          check();
        }),
    };
  };
}

/** A reply with a length, as a well-behaved CRM sends it. */
export function rawReply(status: string, body = '', ...headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status}`, `content-length: ${String(Buffer.byteLength(body))}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

function completeRequest(text: string): string | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? '0';
  const end = headEnd + 4 + Number(length);
  return text.length < end ? undefined : text.slice(0, end);
}
