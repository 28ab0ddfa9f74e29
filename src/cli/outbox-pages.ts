import type { DeadLetter, PendingNotification } from '../outbox/outbox.js';
import type { ReadableOutbox } from '../outbox/sqlite/read-outbox.js';

const pageSize = 500;

/** Pending ones, target by target and oldest first, page by page: those with this text in their id, type or lane, in letters of any case. */
export function* pendingIn(outbox: ReadableOutbox, search = ''): Generator<PendingNotification> {
  const wanted = search.toLowerCase();
  for (const target of outbox.targets()) {
    for (let after: number | undefined = 0; after !== undefined;) {
      const page = outbox.readAfter(target, after, pageSize);
      for (const notification of page) {
        const { id, type, lane } = notification;
        if ([id, type, lane].some((text) => text.toLowerCase().includes(wanted))) yield notification;
      }
      after = page.at(-1)?.position;
    }
  }
}

/** Dead letters, newest first, page by page. */
export function* deadIn(outbox: Pick<ReadableOutbox, 'listDead'>, search?: string): Generator<DeadLetter> {
  let before: number | undefined;
  for (;;) {
    const page = outbox.listDead({ limit: pageSize, before, search });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    before = last.position;
  }
}
