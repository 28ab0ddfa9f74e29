import type { PendingNotification } from '../outbox/outbox.js';
import type { Target, Verdict } from '../target/target.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { Chosen, HeadChoice } from './head-choice.js';
import type { Lanes } from './lanes.js';

/**
 * Which heads are sent in one request with another, where the target takes several.
 *
 * Those that failed together wait for the same instant and go together again, in the same order: the request is the same, and so
 * is its key. When something of a request's content may be to blame, its heads share smaller ones from then on, until the one to
 * blame is alone. Each goes alone if the target may have no path for several, while some hurt it, or when it has just come back.
 */
export interface Companions {
  /** Takes the heads of other lanes that go with this one. */
  take(head: PendingNotification, chosen: Chosen, nowMs: number): PendingNotification[];
  /** No request could be made for these together: each goes alone from now on. */
  separate(heads: readonly PendingNotification[]): void;
  /** What came of heads that were sent in one request. */
  onVerdicts(heads: readonly PendingNotification[], found: readonly Verdict[]): void;
}

export interface CompanionsOptions {
  readonly target: Pick<Target, 'batch'>;
  readonly lanes: Pick<Lanes, 'take' | 'putBack'>;
  readonly choice: Pick<HeadChoice, 'isTroubled'>;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'isStartingSlowly'>;
}

/** What a format writes between two. */
const separatorBytes = 2;
/** How many of those that do not go with this one are looked at, at most. */
const maxOthers = 1_024;
/** How many limits are kept. */
const maxLimits = 100_000;
/** Statuses that are about the target or the moment, and not about what was sent (RFC 9110, section 15; RFC 6585). */
const statusesOfTarget: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

export function createCompanions({ target, lanes, choice, breaker }: CompanionsOptions): Companions {
  const { batch } = target;
  /** How many may share a request with the head at this position, for those that were in one whose content may be to blame. */
  const limits = new Map<number, number>();

  return {
    take(head, chosen, nowMs) {
      if (batch === undefined || choice.isTroubled || chosen.standing !== 'fresh') return [];
      if (breaker.state !== 'closed' || breaker.isStartingSlowly || !batch.mayShare(head)) return [];
      const companions: PendingNotification[] = [];
      const others: PendingNotification[] = [];
      let mostCount = Math.min(batch.maxCount, limits.get(head.position) ?? Infinity);
      let bytes = head.body.byteLength;
      while (companions.length + 1 < mostCount && others.length < maxOthers) {
        const next = lanes.take(nowMs, ({ fresh }) => fresh.pop());
        if (next === undefined) break;
        if (!isOfSameGroup(head, next) || !batch.mayShare(next)) {
          others.push(next);
          continue;
        }
        mostCount = Math.min(mostCount, limits.get(next.position) ?? Infinity);
        bytes += next.body.byteLength + separatorBytes;
        if (companions.length + 1 >= mostCount || bytes > batch.maxBytes) {
          others.push(next);
          break;
        }
        companions.push(next);
      }
      for (const other of others) lanes.putBack(other, 0, 'responded');
      return companions;
    },

    separate(heads) {
      if (batch !== undefined) for (const { position } of heads) limits.set(position, 1);
    },

    onVerdicts(heads, found) {
      if (batch === undefined) return;
      if (limits.size > maxLimits) limits.clear();
      heads.forEach(({ position }, index) => {
        const verdict = found[index];
        if (verdict?.reach === 'misdirected') limits.set(position, 1);
        else if (verdict !== undefined && isContentInDoubt(verdict))
          limits.set(position, Math.max(1, heads.length >> 2));
        else if (verdict?.kind === 'delivered' || verdict?.kind === 'dead') limits.delete(position);
      });
    },
  };
}

/** Never tried, or failed at the same moment. */
function isOfSameGroup(one: PendingNotification, other: PendingNotification): boolean {
  return one.attempts === other.attempts && one.nextAttemptAt === other.nextAttemptAt;
}

/** Whether the reply was to a request with several as a whole, and one of them may be the reason. */
function isContentInDoubt(verdict: Verdict): boolean {
  if (verdict.kind === 'dead') return verdict.isOfSeveral;
  return (
    verdict.kind === 'retry' &&
    verdict.reach === 'responded' &&
    verdict.isOfSeveral &&
    !statusesOfTarget.has(verdict.status)
  );
}
