import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as the CRM got it. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body's exact bytes as UTF-8 text. */
  readonly text: string;
  /** The body's JSON; undefined when there was no body. */
  readonly json: Record<string, unknown> | undefined;
}

export type Answer = (received: Received, res: ServerResponse) => void;

/** A CRM on a real socket that answers as a test says and remembers what it got. */
export interface ScriptedCrm {
  readonly url: string;
  readonly port: number;
  /** Every request so far, oldest first; health checks included. */
  readonly received: readonly Received[];
  /** Resolves with all requests once there are at least so many. */
  waitFor(count: number): Promise<readonly Received[]>;
  /** From the next request on. */
  answerWith(answer: Answer): void;
  /** Ends the server and every connection. */
  close(): Promise<void>;
}

/** Answers 200 `{"status":"success"}`. */
export const accept: Answer = (_received, res) => {
  res.setHeader('content-type', 'application/json').end('{"status":"success"}');
};

/** Answers with a status, a text and headers. */
export function reply(status: number, text = '', headers: Record<string, string> = {}): Answer {
  return (_received, res) => {
    res.writeHead(status, headers).end(text);
  };
}

/** Answers in turn, and with the last one for ever. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let index = 0;
  return (received, res) => {
    const answer = answers[Math.min(index, answers.length - 1)] ?? accept;
    index += 1;
    answer(received, res);
  };
}

/** Starts it on a free port of the loopback interface, or on a given one, where a CRM stood before. */
export async function startScriptedCrm(first: Answer = accept, port = 0): Promise<ScriptedCrm> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const waiters = new Set<() => void>();
  let answer = first;

  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const json = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
      const entry = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, text, json };
      received.push(entry);
      answer(entry, res);
      for (const check of waiters) check();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    port: address.port,
    received,
    waitFor: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (received.length < count) return;
          waiters.delete(check);
          resolve(received);
        };
        waiters.add(check);
        check();
      }),
    answerWith(next) {
      answer = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}
