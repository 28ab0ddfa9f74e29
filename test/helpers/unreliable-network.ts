import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createDeferred, type Deferred } from './deferred.js';

/** A network between a client and a server on this machine, whatever they speak over TCP. Works well at first. */
export interface UnreliableNetwork {
  /** On 127.0.0.1; leads to the server. */
  readonly port: number;
  /** A server's URL, by way of this network. */
  through(url: string): string;
  /** From the next connection on leads to another server, as a name does after a fail-over. */
  leadTo(serverPort: number): void;
  /** Resets all connections. New ones are as good as before. */
  cut(): void;
  /** Passes nothing any more, nor the end of a connection; accepts new ones, and never answers. */
  silence(): void;
  /** Passes everything so many milliseconds late, in each direction. */
  slow(delayMs: number): void;
  /** Works well again, and passes what the silence has held. */
  restore(): void;
  /** Resets all connections and accepts no more. */
  close(): Promise<void>;
}

/** Makes networks for the tests of a file; each is closed after its test. */
export function useUnreliableNetwork(): (serverPort: number) => Promise<UnreliableNetwork> {
  const networks: UnreliableNetwork[] = [];
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.close()));
  });
  return async (serverPort) => {
    const network = await startUnreliableNetwork(serverPort);
    networks.push(network);
    return network;
  };
}

/** @param serverPort - on 127.0.0.1; whether something listens there matters only once a client connects. */
export async function startUnreliableNetwork(serverPort: number): Promise<UnreliableNetwork> {
  const sockets = new Set<Socket>();
  let leadsTo = serverPort;
  const weather: Weather = { delayMs: 0, silence: undefined };
  const proxy = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    watch(client);
    void leadToServer(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;

  function watch(socket: Socket): void {
    socket.setNoDelay();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Passed on, once it is known to whom.
    socket.on('error', () => undefined);
  }

  async function leadToServer(client: Socket): Promise<void> {
    await weather.silence?.promise;
    if (client.destroyed) return;
    const server = connect({ port: leadsTo, host: '127.0.0.1', allowHalfOpen: true });
    watch(server);
    pass(client, server, weather);
    pass(server, client, weather);
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  return {
    port,
    through(url) {
      const led = new URL(url);
      led.host = `127.0.0.1:${String(port)}`;
      return led.href;
    },
    leadTo(otherPort) {
      leadsTo = otherPort;
    },
    cut,
    silence() {
      weather.silence ??= createDeferred();
      for (const socket of sockets) socket.pause();
    },
    slow(delayMs) {
      weather.delayMs = delayMs;
    },
    restore() {
      weather.delayMs = 0;
      weather.silence?.resolve();
      weather.silence = undefined;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      const closed = once(proxy, 'close');
      proxy.close();
      cut();
      await closed;
    },
  };
}

interface Weather {
  delayMs: number;
  /** Resolved when it is over. */
  silence: Deferred | undefined;
}

/** Passes in one direction, and in order, what arrives: data, the end, a reset. */
function pass(from: Socket, to: Socket, weather: Weather): void {
  const waiting: { readonly dueAt: number; readonly deliver: () => void }[] = [];
  let isDelivering = false;

  from.on('data', (chunk: Buffer) => {
    arrive(() => {
      if (!to.write(chunk)) from.pause();
    });
  });
  to.on('drain', () => {
    if (weather.silence === undefined) from.resume();
  });
  from.on('end', () => arrive(() => to.end()));
  from.on('error', () => arrive(() => to.resetAndDestroy()));
  from.resume();

  function arrive(deliver: () => void): void {
    waiting.push({ dueAt: performance.now() + weather.delayMs, deliver });
    if (!isDelivering) void deliverAll();
  }

  async function deliverAll(): Promise<void> {
    isDelivering = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) await delay(waitMs);
      await weather.silence?.promise;
      next.deliver();
    }
    isDelivering = false;
  }
}
