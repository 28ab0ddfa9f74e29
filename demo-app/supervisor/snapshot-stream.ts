import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from 'express';
import type { DemoSnapshot } from './read-snapshot.js';
import { changesBetween } from './snapshot-changes.js';
import type { SnapshotChanges } from './snapshot-changes.js';

/** Sends pages what changes, as server-sent events. */
export interface SnapshotStream {
  /** Sends everything now, and from then on what changes, until the page disconnects. */
  add(res: Response): void;
  /** Stops reading, and ends all responses. */
  close(): Promise<void>;
}

const READ_EVERY_MS = 150;
/** A page whose connection broke tries again after this long. */
const RECONNECT_MS = 500;

/** Reads again and again, but only while a page is connected. */
export function createSnapshotStream(read: () => Promise<DemoSnapshot>): SnapshotStream {
  /** What each page has. */
  const pages = new Map<Response, DemoSnapshot | undefined>();
  let isClosed = false;
  let reading: Promise<void> | undefined;

  async function readOn(): Promise<void> {
    while (pages.size > 0 && !isClosed) {
      const snapshot = await read();
      for (const [res, previous] of pages) {
        const changes = changesBetween(previous, snapshot);
        if (!changes) continue;
        res.write(messageOf(changes));
        pages.set(res, snapshot);
      }
      await delay(READ_EVERY_MS);
    }
    reading = undefined;
  }

  return {
    add(res) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write(`retry: ${RECONNECT_MS}\n\n`);
      pages.set(res, undefined);
      res.once('close', () => pages.delete(res));
      reading ??= readOn();
    },
    async close() {
      isClosed = true;
      await reading;
      for (const res of pages.keys()) res.end();
    },
  };
}

function messageOf(changes: SnapshotChanges): string {
  return `data: ${JSON.stringify(changes)}\n\n`;
}
