import type { Overview, Redelivered } from '../api-contract.js';
import { numberText } from './element.js';

/** What has become of redelivered dead letters, as one sentence that stays true. */
export interface RedeliveryWatch {
  /** `what` names them in the sentence; `countDead` returns how many of them are dead again. */
  begin(what: string, redelivered: Redelivered, countDead: () => Promise<number>): void;
  follow(overview: Overview): Promise<void>;
}

interface Watched extends Redelivered {
  readonly what: string;
  readonly countDead: () => Promise<number>;
}

/** `show` gets the sentence. */
export function createRedeliveryWatch(show: (sentence: string) => void): RedeliveryWatch {
  let watched: Watched | undefined;
  return {
    begin(what, redelivered, countDead) {
      watched = { ...redelivered, what, countDead };
    },
    async follow({ at, stats }) {
      const current = watched;
      if (current === undefined || at <= current.at) return;
      const { what, redelivered: count, countDead } = current;
      // A redelivered one counts as accepted anew, so what waits is younger once all of them are settled.
      const isOver = stats.pending === 0 || at - stats.oldestAgeMs > current.at;
      const died = Math.min(count, await countDead());
      if (watched !== current) return;
      const left = isOver ? 0 : Math.min(stats.pending, count - died);
      const onTheWay = left === 0 ? '' : `, ${numberText(left)} on the way`;
      show(
        `${what} redelivered: ${numberText(count - died - left)} delivered, ${numberText(died)} died again${onTheWay}.`,
      );
      if (isOver) watched = undefined;
    },
  };
}
