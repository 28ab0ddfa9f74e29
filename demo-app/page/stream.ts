import type { SnapshotChanges } from '../supervisor/snapshot-changes.js';

export interface StreamListeners {
  readonly onChanges: (changes: SnapshotChanges) => void;
  /** The browser connects again by itself, and gets a whole snapshot then. */
  readonly onDisconnected: () => void;
}

/** Opens anew what a browser has given up, after this long. */
const REOPEN_MS = 2000;

/** Receives what changes, as server-sent events. */
export function openStream(listeners: StreamListeners): void {
  const source = new EventSource('/demo/stream');
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    listeners.onChanges(JSON.parse(data) as SnapshotChanges);
  });
  source.addEventListener('error', () => {
    listeners.onDisconnected();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => openStream(listeners), REOPEN_MS);
  });
}
