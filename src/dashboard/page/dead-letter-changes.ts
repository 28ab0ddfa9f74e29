import type { Overview, Redelivered } from '../api-contract.js';
import { countText } from '../../core/duration-text.js';
import { noFilter } from './address.js';
import {
  countSelected,
  discard,
  discardSelected,
  fetchSummary,
  type LetterKey,
  redeliver,
  redeliverSelected,
} from './api-client.js';
import { confirmByDialog } from './confirm-by-dialog.js';
import { byId, numberText, setText } from './element.js';
import { failedChangeText } from './failed-change-text.js';
import type { LetterAction, LetterList } from './letter-list.js';
import { createRedeliveryWatch } from './redelivery-watch.js';
import type { Selection } from './selection.js';

/** Redelivers and discards dead letters, and says what has become of them in a sentence that stays true. */
export interface DeadLetterChanges {
  /** One of the list. */
  one(letter: LetterKey, action: LetterAction): Promise<void>;
  /** Redelivers one, and leaves it to the caller to say so. */
  redeliverOne(letter: LetterKey): Promise<Redelivered>;
  /** Many of them, after a question. */
  redeliver(chosen: ChosenLetters, change: Redelivery): Promise<void>;
  discard(chosen: ChosenLetters, run: () => Promise<number>): Promise<void>;
  /** Shows how far it is. */
  follow(overview: Overview): void;
}

/** Where the button was pressed, and what has become of it is shown. */
export type OutcomePlace = 'list' | 'groups';

export interface ChosenLetters {
  readonly place: OutcomePlace;
  readonly count: number;
  /** Which they are, for the question, in a sentence; empty if that needs no words. */
  readonly about: string;
}

interface Redelivery {
  readonly run: () => Promise<Redelivered>;
  /** How many of them are dead again. */
  readonly countDead: () => Promise<number>;
}

/** A change that is under way. */
interface UnderWay {
  readonly doing: string;
  readonly count: number;
  /** How many dead letters there were before it; undefined if that is not known. */
  readonly deadBefore: number | undefined;
}

/** `onChanged` is called after each change, and resolves once the page shows it. */
export function createDeadLetterChanges(
  selection: Selection,
  list: () => Pick<LetterList, 'remove'>,
  onChanged: () => Promise<void>,
): DeadLetterChanges {
  let outcome = byId('list-outcome', HTMLElement);
  const watch = createRedeliveryWatch((sentence) => {
    setText(outcome, sentence);
  });
  let underWay: UnderWay | undefined;
  let dead: number | undefined;

  const act = async (
    { place, doing, count }: { place: OutcomePlace; doing: string; count: number },
    work: () => Promise<string>,
  ): Promise<void> => {
    const chosen = byId(`${place}-outcome`, HTMLElement);
    if (chosen !== outcome) setText(outcome, '');
    outcome = chosen;
    underWay = { doing, count, deadBefore: dead };
    if (count > 1) setText(outcome, `${doing} ${countText(count, 'dead letter')} …`);
    try {
      setText(outcome, await work());
    } catch (error) {
      setText(outcome, failedChangeText(error));
    }
    underWay = undefined;
    await onChanged();
  };

  const redeliverMany = async (
    { place, count, about }: ChosenLetters,
    { run, countDead }: Redelivery,
  ): Promise<void> => {
    const heading = `Redeliver ${countText(count, 'dead letter')}?`;
    const text = `${about} They become pending again under their own ids, at the end of their lanes.`.trim();
    if (!(await confirmByDialog({ heading, text, yes: 'Redeliver' }))) return;
    await act({ place, doing: 'Redelivering', count }, async () => {
      const redelivered = await run();
      watch.begin(numberText(redelivered.redelivered), redelivered, countDead);
      return `${countText(redelivered.redelivered, 'dead letter')} pending again.`;
    });
  };

  const discardMany = async ({ place, count, about }: ChosenLetters, run: () => Promise<number>): Promise<void> => {
    const heading = `Discard ${countText(count, 'dead letter')}?`;
    const text = `${about} They will be removed for good, and the CRM will never receive them.`.trim();
    if (!(await confirmByDialog({ heading, text, yes: 'Discard' }))) return;
    await act({ place, doing: 'Discarding', count }, async () => {
      const discarded = await run();
      return `${countText(discarded, 'dead letter')} discarded.`;
    });
  };

  byId('redeliver-selected', HTMLButtonElement).addEventListener('click', () => {
    const selected = selection.byTarget;
    void redeliverMany(
      { count: selection.letters.length, about: elsewhereSentence(selection), place: 'list' },
      {
        async run() {
          const all: Redelivered[] = [];
          for (const ids of selected) all.push(await redeliverSelected(ids));
          selection.clear();
          return {
            redelivered: sum(all.map(({ redelivered }) => redelivered)),
            at: Math.max(...all.map(({ at }) => at)),
          };
        },
        countDead: async () => sum(await Promise.all(selected.map(countSelected))),
      },
    );
  });
  byId('discard-selected', HTMLButtonElement).addEventListener('click', () => {
    const selected = selection.byTarget;
    const about = elsewhereSentence(selection);
    void discardMany({ count: selection.letters.length, about, place: 'list' }, async () => {
      let discarded = 0;
      for (const ids of selected) discarded += await discardSelected(ids);
      selection.clear();
      return discarded;
    });
  });

  const redeliverOne = async (letter: LetterKey): Promise<Redelivered> => {
    const redelivered = await redeliver(letter);
    list().remove(letter, 'redeliver');
    selection.drop(letter);
    return redelivered;
  };

  return {
    redeliverOne,
    async one(letter, action) {
      const { id, target } = letter;
      if (action === 'discard') {
        const text = `${id} will be removed for good, and the CRM will never receive it.`;
        if (!(await confirmByDialog({ heading: 'Discard this dead letter?', text, yes: 'Discard' }))) return;
      }
      const unchanged = `${id} is no longer a dead letter; nothing was changed.`;
      await act({ place: 'list', doing: '', count: 1 }, async () => {
        if (action === 'discard') {
          const count = await discard(letter);
          list().remove(letter, action);
          selection.drop(letter);
          return count === 0 ? unchanged : `${id} was discarded.`;
        }
        const redelivered = await redeliverOne(letter);
        if (redelivered.redelivered === 0) return unchanged;
        watch.begin(id, redelivered, async () => (await fetchSummary({ ...noFilter, search: id, target })).count);
        return `${id} is pending again.`;
      });
    },
    redeliver: redeliverMany,
    discard: discardMany,
    follow(overview) {
      dead = overview.stats.dead;
      void watch.follow(overview).catch(() => undefined);
      const { doing, count, deadBefore } = underWay ?? { doing: '', count: 1, deadBefore: undefined };
      if (count === 1 || deadBefore === undefined) return;
      const done = Math.min(count, Math.max(0, deadBefore - dead));
      setText(outcome, `${doing}: ${numberText(done)} of ${countText(count, 'dead letter')} so far …`);
    },
  };
}

/** One does not see them all when one is asked. */
function elsewhereSentence({ elsewhereCount }: Selection): string {
  if (elsewhereCount === 0) return '';
  return elsewhereCount === 1
    ? '1 of them is not in this list.'
    : `${numberText(elsewhereCount)} of them are not in this list.`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
