import type { Overview, Redelivered } from '../api-contract.js';
import { numberText } from './element.js';

/** What has become of redelivered dead letters, as one sentence that stays true. */
export interface RedeliveryWatch {
  /** `countDead` returns how many of them are dead again. */
  begin(redelivered: Redelivered, countDead: () => Promise<number>): void;
  follow(overview: Overview): Promise<void>;
}

interface Watched extends Redelivered {
  readonly countDead: () => Promise<number>;
}

/** `show` gets the sentence. */
export function createRedeliveryWatch(show: (sentence: string) => void): RedeliveryWatch {
  let watched: Watched | undefined;
  return {
    begin(redelivered, countDead) {
      watched = { ...redelivered, countDead };
    },
    async follow({ at, stats }) {
      const current = watched;
      if (current === undefined || at <= current.at) return;
      const { redelivered: count, countDead } = current;
      // A redelivered one counts as accepted anew, so what waits is younger once all of them are settled.
      const isOver = stats.pending === 0 || at - stats.oldestAgeMs > current.at;
      const died = Math.min(count, await countDead());
      if (watched !== current) return;
      const left = isOver ? 0 : Math.min(stats.pending, count - died);
      const onTheWay = left === 0 ? '' : `, ${numberText(left)} on the way`;
      show(
        `${numberText(count)} redelivered: ${numberText(count - died - left)} delivered, ${numberText(died)} died again${onTheWay}.`,
      );
      if (isOver) watched = undefined;
    },
  };
}
