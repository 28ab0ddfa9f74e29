import type { Overview } from '../api-contract.js';
import { countText } from '../../core/duration-text.js';
import { ApiError, discard, fetchDeadLetters, redeliver, redeliverAll } from './api-client.js';
import { confirmByDialog } from './confirmation.js';
import { byId, setText } from './element.js';
import { createLetterList, type LetterAction } from './letter-list.js';

/** The dead letters: a page of them, a search, and what can be done with them. */
export interface DeadLettersSection {
  /** Reads the list again where it may have changed. */
  follow(overview: Overview): void;
}

/** A search reads every dead letter, so what it found is not followed at each change. */
const followEveryMs = 5_000;

export function createDeadLettersSection(onChanged: () => void): DeadLettersSection {
  const outcome = byId('dead-outcome', HTMLElement);
  const empty = byId('dead-empty', HTMLElement);
  const pages = byId('dead-pages', HTMLElement);
  const newer = byId('dead-newer', HTMLButtonElement);
  const older = byId('dead-older', HTMLButtonElement);
  const all = byId('redeliver-all', HTMLButtonElement);
  const searchText = byId('search-text', HTMLInputElement);
  const list = createLetterList((id, action) => void actOn(id, action));

  /** What was given as `before` on the way to this page; the first page has none. */
  let cursors: number[] = [];
  let search = '';
  let olderCursor: number | null = null;
  let deadCount = 0;
  let shownRevision = '';
  let readAtMs = -Infinity;
  let readCount = 0;

  const read = async (): Promise<void> => {
    readCount += 1;
    const thisRead = readCount;
    readAtMs = performance.now();
    try {
      const page = await fetchDeadLetters({ before: cursors.at(-1) ?? null, search });
      // A later read may have been answered before.
      if (thisRead !== readCount) return;
      if (page.letters.length === 0 && cursors.length > 0) {
        cursors.pop();
        await read();
        return;
      }
      olderCursor = page.older;
      list.show(page.letters);
      showPaging(page.letters.length);
    } catch (error) {
      // Read again with the next overview; the line at the top says what is wrong.
      if (thisRead === readCount) shownRevision = '';
      if (error instanceof ApiError && error.failure === 'unavailable') setText(outcome, 'The list could not be read.');
    }
  };

  const showPaging = (count: number): void => {
    empty.hidden = count > 0;
    setText(empty, search === '' ? 'There are none.' : 'None that match the search.');
    pages.hidden = cursors.length === 0 && olderCursor === null;
    // Not `disabled`, which would take the focus from the button that was just pressed.
    newer.setAttribute('aria-disabled', String(cursors.length === 0));
    older.setAttribute('aria-disabled', String(olderCursor === null));
    setText(byId('dead-page', HTMLElement), `Page ${String(cursors.length + 1)}`);
  };

  const act = async (work: () => Promise<string>): Promise<void> => {
    try {
      setText(outcome, await work());
    } catch {
      setText(outcome, 'That did not work: the app did not do it, or did not say so. See the line at the top.');
    }
    onChanged();
    await read();
  };

  const actOn = async (id: string, action: LetterAction): Promise<void> => {
    if (action === 'discard') {
      const text = `${id} is removed for good; the CRM will never get it.`;
      if (!(await confirmByDialog({ heading: 'Discard this dead letter?', text, yes: 'Discard' }))) return;
    }
    await act(async () => {
      const count = action === 'redeliver' ? await redeliver(id) : await discard(id);
      list.remove(id, action);
      if (count === 0) return `${id} is not dead any more, so nothing was done.`;
      return action === 'redeliver' ? `${id} is pending again.` : `${id} was discarded.`;
    });
  };

  all.addEventListener('click', () => {
    void (async () => {
      const heading = `Redeliver all ${countText(deadCount, 'dead letter')}?`;
      const text = 'Every one of them becomes pending again, whatever the search shows, under its own id.';
      if (!(await confirmByDialog({ heading, text, yes: 'Redeliver all' }))) return;
      await act(async () => `${countText(await redeliverAll(), 'dead letter')} pending again.`);
    })();
  });
  older.addEventListener('click', () => {
    if (olderCursor === null) return;
    cursors.push(olderCursor);
    void read();
  });
  newer.addEventListener('click', () => {
    if (cursors.pop() !== undefined) void read();
  });
  const startSearch = (): void => {
    const text = searchText.value.trim();
    if (text === search) return;
    search = text;
    cursors = [];
    void read();
  };
  byId('search', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    startSearch();
  });
  // The cross of the field, and Escape in it.
  searchText.addEventListener('search', startSearch);

  return {
    follow({ stats, deadRevision }) {
      deadCount = stats.dead;
      all.disabled = deadCount === 0;
      const isDue = search === '' || readAtMs + followEveryMs < performance.now();
      if (deadRevision === shownRevision || !isDue) return;
      shownRevision = deadRevision;
      void read();
    },
  };
}
