import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PortSetting } from './settings.js';
import { StartError } from './start-error.js';

/** Makes the server listen and answers with its port. The demo has fixed tokens, so no other machine may reach it. */
export async function listen(server: Server, { variable, port, configured }: PortSetting): Promise<number> {
  try {
    return await listenOn(server, port);
  } catch (error) {
    if (!isPortTaken(error)) throw error;
    if (configured) throw new StartError(`Port ${port} (${variable}) is taken. Choose another one, or 0 for any.`);
    return listenOn(server, 0);
  }
}

async function listenOn(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
