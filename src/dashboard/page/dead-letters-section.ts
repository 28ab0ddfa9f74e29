import type { Overview } from '../api-contract.js';
import { countText } from '../../core/duration-text.js';
import { discard, failureOf, fetchDeadLetters, type LetterKey, redeliver, redeliverAll } from './api-client.js';
import { byId, setText } from './element.js';
import { createLetterList, type LetterAction } from './letter-list.js';

/** The dead letters: one page of them, the search, and the buttons to redeliver and discard. */
export interface DeadLettersSection {
  /** Reads the list again if it may have changed. */
  follow(overview: Overview): void;
}

/** A search reads every dead letter, so its result is not refreshed at every change. */
const searchRefreshMs = 5_000;

export function createDeadLettersSection(onChanged: () => void): DeadLettersSection {
  const outcome = byId('dead-outcome', HTMLElement);
  const empty = byId('dead-empty', HTMLElement);
  const pages = byId('dead-pages', HTMLElement);
  const newer = byId('dead-newer', HTMLButtonElement);
  const older = byId('dead-older', HTMLButtonElement);
  const all = byId('redeliver-all', HTMLButtonElement);
  const searchText = byId('search-text', HTMLInputElement);
  const list = createLetterList((letter, action) => void actOn(letter, action));

  /** The values of `before` that led to this page; empty on the first page. */
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
      // A later read may already have got its response.
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
      // The next overview reads it again; the status line at the top says what is wrong.
      if (thisRead === readCount) shownRevision = '';
      if (failureOf(error) === 'unavailable') setText(outcome, 'The list could not be read.');
    }
  };

  const showPaging = (count: number): void => {
    empty.hidden = count > 0;
    setText(empty, search === '' ? 'No dead letters.' : 'No dead letter matches the search.');
    pages.hidden = cursors.length === 0 && olderCursor === null;
    // Not `disabled`: the button that was just pressed would lose the focus.
    newer.setAttribute('aria-disabled', String(cursors.length === 0));
    older.setAttribute('aria-disabled', String(olderCursor === null));
    setText(byId('dead-page', HTMLElement), `Page ${String(cursors.length + 1)}`);
  };

  const act = async (work: () => Promise<string>): Promise<void> => {
    try {
      setText(outcome, await work());
    } catch {
      setText(outcome, 'This failed, or its response was lost. See the status line at the top.');
    }
    onChanged();
    await read();
  };

  const actOn = async (letter: LetterKey, action: LetterAction): Promise<void> => {
    const { id } = letter;
    if (action === 'discard') {
      const text = `${id} will be removed for good, and the CRM will never receive it.`;
      if (!(await confirmByDialog({ heading: 'Discard this dead letter?', text, yes: 'Discard' }))) return;
    }
    await act(async () => {
      const count = action === 'redeliver' ? await redeliver(letter) : await discard(letter);
      list.remove(letter, action);
      if (count === 0) return `${id} is no longer a dead letter; nothing was changed.`;
      return action === 'redeliver' ? `${id} is pending again.` : `${id} was discarded.`;
    });
  };

  all.addEventListener('click', () => {
    void (async () => {
      const heading = `Redeliver all ${countText(deadCount, 'dead letter')}?`;
      const text = 'All of them become pending again under their own ids, not only those that match the search.';
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
  // Emitted by the field's clear button and by Escape.
  searchText.addEventListener('search', startSearch);

  return {
    follow({ stats, deadRevision }) {
      deadCount = stats.dead;
      all.disabled = deadCount === 0;
      const isDue = search === '' || readAtMs + searchRefreshMs < performance.now();
      if (deadRevision === shownRevision || !isDue) return;
      shownRevision = deadRevision;
      void read();
    },
  };
}

interface Question {
  readonly heading: string;
  readonly text: string;
  readonly yes: string;
}

/** Asks in a modal dialog. Resolves with true for yes and false for Cancel or Escape; then the focus returns. */
function confirmByDialog({ heading, text, yes }: Question): Promise<boolean> {
  const dialog = byId('confirmation', HTMLDialogElement);
  byId('confirmation-heading', HTMLElement).textContent = heading;
  byId('confirmation-text', HTMLElement).textContent = text;
  byId('confirmation-yes', HTMLButtonElement).textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        resolve(dialog.returnValue === 'yes');
      },
      { once: true },
    );
  });
}
