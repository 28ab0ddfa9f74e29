import { countText } from '../../core/duration-text.js';
import { replyWords } from '../../core/reply-words.js';
import type { DeadGroup } from '../../outbox/outbox.js';
import type { NotificationView, Overview, Redelivered } from '../api-contract.js';
import { fetchNotification, type LetterKey } from './api-client.js';
import { failedChangeText } from './failed-change-text.js';
import { keyOfGroup, type GroupsSection } from './groups-section.js';
import { nextAttemptText } from './next-attempt-text.js';

/** Redelivers one of a group, and says at the group whether the CRM takes it now. */
export interface GroupTests {
  run(group: DeadGroup): Promise<void>;
  /** Reads what has become of those whose verdict is not known yet. */
  follow(overview: Overview): Promise<void>;
  /** All of the group is changed, so what became of one of it is no longer of interest. */
  forget(group: DeadGroup): void;
}

export interface GroupTestsOptions {
  readonly section: Pick<GroupsSection, 'say' | 'forget'>;
  readonly redeliver: (letter: LetterKey) => Promise<Redelivered>;
  /** Called after each redelivery; resolves once the page shows it. */
  readonly onChanged: () => Promise<void>;
}

interface Test {
  readonly group: DeadGroup;
  /** When it was redelivered, by the server's clock; undefined until it is. */
  redeliveredAt: number | undefined;
}

/** What became of a notification is known a second later at most, unless too much happens. */
const longestUnknownMs = 10_000;
const longestWords = 200;

export function createGroupTests({ section, redeliver, onChanged }: GroupTestsOptions): GroupTests {
  /** Those whose verdict is not known, by their groups. */
  const tests = new Map<string, Test>();

  const readOne = async (key: string, test: Test, overview: Overview): Promise<void> => {
    const { group, redeliveredAt } = test;
    // An overview that was begun before says nothing of it.
    if (redeliveredAt === undefined || overview.at <= redeliveredAt) return;
    const view = await fetchNotification(group.id);
    if (tests.get(key) !== test) return;
    const { sentence, isVerdict } = resultOf(view, group.target, overview, redeliveredAt);
    if (isVerdict) tests.delete(key);
    section.say(group, sentence);
  };

  return {
    async run(group) {
      const key = keyOfGroup(group);
      const { id, target } = group;
      const before = tests.get(key);
      // A second click before the first has got its response.
      if (before !== undefined && before.redeliveredAt === undefined) return;
      const test: Test = { group, redeliveredAt: undefined };
      tests.set(key, test);
      section.say(group, 'Redelivering one …');
      try {
        const { redelivered, at } = await redeliver({ id, target });
        test.redeliveredAt = at;
        section.say(group, redelivered > 0 ? onTheWay : 'It is no longer a dead letter; nothing was changed.');
        if (redelivered === 0) tests.delete(key);
      } catch (error) {
        section.say(group, failedChangeText(error));
        tests.delete(key);
      }
      await onChanged();
    },
    async follow(overview) {
      // One that cannot be read now is read after the next overview.
      await Promise.allSettled([...tests].map(([key, test]) => readOne(key, test, overview)));
    },
    forget(group) {
      tests.delete(keyOfGroup(group));
      section.forget(group);
    },
  };
}

const onTheWay = 'The test is on the way.';

interface Result {
  readonly sentence: string;
  /** Whether it stays so. */
  readonly isVerdict: boolean;
}

function resultOf({ timeline, entries }: NotificationView, target: string, overview: Overview, since: number): Result {
  const stored = entries.find((entry) => entry.target === target);
  if (stored?.state === 'dead') {
    const { kind, status, detail } = stored.reason;
    return { sentence: `The test died again: ${String(status ?? kind)}${wordsOf(detail)}.`, isVerdict: true };
  }
  const known = timeline.targets.find((one) => one.target === target);
  if (stored !== undefined) {
    const { attempts, nextAttemptAt } = stored;
    const waitsInLane = known?.place?.before !== 0;
    const next = nextAttemptText({ target, nextAttemptAt, waitsInLane }, overview);
    const after = attempts === 0 ? '' : ` after ${countText(attempts, 'attempt')} that failed`;
    const sentence = next === 'now' && attempts === 0 ? onTheWay : `The test waits${after}. Next attempt: ${next}.`;
    return { sentence, isVerdict: false };
  }
  if (known?.state === 'delivered') return { sentence: 'The test was delivered.', isVerdict: true };
  if (known?.state === 'discarded') return { sentence: 'The test was discarded by hand.', isVerdict: true };
  if (overview.at - since < longestUnknownMs) return { sentence: onTheWay, isVerdict: false };
  return {
    sentence: 'The test is no longer in the outbox: it was delivered or discarded, which of them is not known.',
    isVerdict: true,
  };
}

/** What the CRM said, as the end of a sentence. */
function wordsOf(detail: string): string {
  const words = replyWords(detail).replace(/\.$/, '');
  if (words === '') return '';
  return `, ${words.length <= longestWords ? words : `${words.slice(0, longestWords)} …`}`;
}
