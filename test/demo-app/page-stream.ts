import type { DemoSnapshot } from '../../demo-app/supervisor/read-snapshot.js';
import type { SnapshotChanges } from '../../demo-app/supervisor/snapshot-changes.js';
import { eventually } from './eventually.js';

/** What the demo's page receives. */
export interface PageStream {
  readonly contentType: string | null;
  /** The text of the next message. */
  next(): Promise<string>;
  /** The first message with changes that match. */
  until(isMatch: (changes: SnapshotChanges) => boolean): Promise<SnapshotChanges>;
  close(): void;
}

/** Connects as the page does. */
export async function openPageStream(pageUrl: string): Promise<PageStream> {
  const connection = new AbortController();
  const response = await fetch(`${pageUrl}/demo/stream`, { signal: connection.signal });
  if (!response.ok || !response.body) throw new Error(`/demo/stream responded ${response.status}`);
  const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let received = '';

  async function next(): Promise<string> {
    for (;;) {
      const message = /^data: (.*)\n\n/m.exec(received);
      if (message?.[1] !== undefined) {
        received = received.slice(message.index + message[0].length);
        return message[1];
      }
      const { done, value } = await chunks.read();
      if (done) throw new Error('The stream has ended');
      received += value;
    }
  }

  return {
    contentType: response.headers.get('Content-Type'),
    next,
    async until(isMatch) {
      for (;;) {
        const changes = JSON.parse(await next()) as SnapshotChanges;
        if (isMatch(changes)) return changes;
      }
    },
    close() {
      connection.abort();
    },
  };
}

/** Everything that the page shows now. */
export async function readSnapshot(pageUrl: string): Promise<DemoSnapshot> {
  const stream = await openPageStream(pageUrl);
  try {
    return JSON.parse(await stream.next()) as DemoSnapshot;
  } finally {
    stream.close();
  }
}

/** Like `readSnapshot`, once it matches. */
export function snapshotWhere(
  pageUrl: string,
  waitedFor: string,
  isMatch: (snapshot: DemoSnapshot) => boolean,
): Promise<DemoSnapshot> {
  return eventually(waitedFor, async () => {
    const snapshot = await readSnapshot(pageUrl);
    return isMatch(snapshot) ? snapshot : undefined;
  });
}
