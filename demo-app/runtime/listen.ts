import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from './run-main.js';
import type { PortSetting } from './settings.js';

/**
 * Listens, and returns the port. Only this machine can reach it, because the demo's tokens are public. Falls back to a free
 * port if a default port is taken; throws a `StartError` if a configured one is.
 */
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

/** What a service sends to its parent process once it accepts requests. */
export interface ListeningMessage {
  readonly kind: 'listening';
  readonly port: number;
  /** Only from the CRM service: the port at which the demo's page switches it and reads its inbox. */
  readonly controlPort?: number | undefined;
}

export function isListeningMessage(message: unknown): message is ListeningMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'listening';
}

/** Does nothing without a parent process that keeps a channel. */
export function notifyParent(message: ListeningMessage): void {
  if (process.connected) process.send?.(message);
}
