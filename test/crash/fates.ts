import type { AuditOptions } from './audit-options.js';

/** What the CRM does with each notification of a booking; undefined for a good one, which it takes. */
export type Fate = 'reset' | 'hang' | '401' | '403' | '422';

export interface Destiny {
  readonly fate: Fate | undefined;
  /** Whether its notifications have a type of their own, rather than that of the good ones. */
  readonly isOfOwnType: boolean;
}

/** Poison, in the shares in which it comes. */
const poisons = ['reset', 'hang', 'reset', '403', 'reset', 'hang', 'reset', '401'] as const;
/** More poison than there are connections, and not so much that the machine is busy with nothing else. */
const maxPoisonCount = 32;
const poisonShare = 0.3;
/** Each so many bookings one of which every notification becomes a dead letter, the second one first. */
const deadEvery = 12;

/** Draws what becomes of a new booking. The CRM is told with each of its notifications. */
export function createFates({ hasPoison, jumpsClock, faultsFiles }: AuditOptions): () => Destiny {
  let poisonCount = 0;
  let count = 0;
  const next = (): Fate | undefined => {
    count += 1;
    // Dead letters are in play where something threatens what is kept.
    if ((hasPoison || jumpsClock || faultsFiles) && count % deadEvery === 2) return '422';
    if (hasPoison && poisonCount < maxPoisonCount && Math.random() < poisonShare) {
      poisonCount += 1;
      return poisons[poisonCount % poisons.length];
    }
    return undefined;
  };
  return () => {
    const fate = next();
    return { fate, isOfOwnType: fate !== undefined && fate !== '422' && Math.random() < 0.5 };
  };
}

/** Whether it is one of those that the CRM would take some day. */
export function isPoison(fate: Fate | undefined): boolean {
  return fate !== undefined && fate !== '422';
}
