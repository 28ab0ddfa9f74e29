import { setImmediate } from 'node:timers';
import { Socket } from 'node:net';

/** Returns what makes sockets for pg. Once the signal is aborted, all of them are destroyed, whatever they wait for. */
export function socketsUntil(signal: AbortSignal | undefined): () => Socket {
  const sockets = new Set<Socket>();
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  signal?.addEventListener('abort', destroyAll, { once: true });
  return () => {
    const socket = new Socket();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Not before pg has connected it, which would make it whole again.
    if (signal?.aborted === true) setImmediate(destroyAll);
    return socket;
  };
}
