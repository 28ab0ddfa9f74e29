import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** An HTTP server that can stop listening and later listen on the same port again. */
export interface SwitchableServer {
  readonly port: number;
  /** Listens on its port, unless it already does. Rejects if another process has taken the port meanwhile. */
  open(): Promise<void>;
  /** Stops listening and cuts every open connection. Resolves once the port is free. */
  shut(): Promise<void>;
}

/** Starts listening; port 0 picks a free one. */
export async function startSwitchableServer(
  onRequest: RequestListener,
  host: string,
  port: number,
): Promise<SwitchableServer> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  // Calls run one after the other, so that the last one decides.
  let lastStep: Promise<void> = Promise.resolve();

  const listen = async (listenPort: number): Promise<Server> => {
    const fresh = createServer(onRequest);
    fresh.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      fresh.once('error', reject);
      fresh.listen(listenPort, host, resolve);
    });
    return fresh;
  };
  const close = (closing: Server): Promise<void> =>
    new Promise((resolve) => {
      closing.close(() => {
        resolve();
      });
      for (const socket of sockets) socket.destroy();
    });
  const inTurn = (step: () => Promise<void>): Promise<void> => {
    lastStep = lastStep.catch(() => undefined).then(step);
    return lastStep;
  };

  server = await listen(port);
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    open: () =>
      inTurn(async () => {
        server ??= await listen(address.port);
      }),
    shut: () =>
      inTurn(async () => {
        if (server !== undefined) await close(server);
        server = undefined;
      }),
  };
}
