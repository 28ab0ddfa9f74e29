import { countText, durationText } from '../core/duration-text.js';
import { tokenFailureCode } from '../core/token-failure-code.js';
import type { Stats } from '../notifier/notifier.js';
import type { DeliveredBy, Health, TargetEntry } from './api-contract.js';

export interface HealthContext {
  readonly stats: Stats;
  readonly targets: readonly TargetEntry[];
  readonly deliveredBy: DeliveredBy;
  readonly outboxCode: string | undefined;
  readonly oldBacklogMs: number;
}

/** Whether all is well, and if not, the most urgent reason in one sentence. Never fine unless that is known. */
export function healthOf({ stats, targets, deliveredBy, outboxCode, oldBacklogMs }: HealthContext): Health {
  if (!stats.isOutboxReadable) return unreadable(outboxCode);
  if (stats.unsaved > 0) return unsaved(stats.unsaved);
  if (deliveredBy === 'nobody') return nobodyDelivers(stats);
  const held = targets.find(({ pause }) => pause?.cause.kind === 'pausesUnknown');
  if (held?.pause?.cause.kind === 'pausesUnknown') return waiting(stats, held.pause.cause.reason);
  const byHand = targets.filter(({ pause }) => pause?.cause.kind === 'byHand');
  const isInTrouble = ({ circuit }: TargetEntry): boolean => circuit === 'open' || circuit === 'half-open';
  // Somebody has to see to the trouble of another target; that this one is paused is known.
  const paused = targets.find((target) => isInTrouble(target) && !byHand.includes(target));
  if (paused !== undefined) return pausedAt(paused, targets.length > 1);
  if (byHand[0] !== undefined) return pausedByHand(byHand[0], byHand);
  const neglected = targets.find(({ circuit }) => circuit === null);
  if (deliveredBy === 'another process' && neglected !== undefined) return neglectedBy(neglected);
  if (stats.dead > 0) return withDeadLetters(stats.dead);
  if (stats.oldestAgeMs >= oldBacklogMs) return withOldBacklog(stats);
  return deliveredBy === 'unknown' ? unknown(stats) : fine(stats, deliveredBy);
}

function unreadable(code: string | undefined): Health {
  return {
    level: 'failing',
    code: 'outbox-unreadable',
    title: 'outbox not readable',
    sentence: `The outbox cannot be read${code === undefined ? '' : ` (${code})`}, so its contents are unknown.`,
  };
}

function unsaved(count: number): Health {
  const are = count === 1 ? 'is' : 'are';
  return {
    level: 'failing',
    code: 'unsaved',
    title: `${count.toLocaleString('en')} unsaved`,
    sentence: `${countText(count, 'notification')} ${are} in memory only, because the outbox does not respond.`,
  };
}

function nobodyDelivers({ pending }: Stats): Health {
  const waiting = pending === 0 ? '' : ` ${countText(pending, 'notification')} will wait until one does.`;
  return {
    level: pending === 0 ? 'attention' : 'failing',
    code: 'nobody-delivers',
    title: 'nobody delivers',
    sentence: `No process delivers this outbox now.${waiting}`,
  };
}

/** It concerns all targets. */
function waiting({ pending }: Stats, reason: string): Health {
  return {
    level: 'failing',
    code: 'pauses-unknown',
    title: 'delivery waits',
    sentence:
      `Nothing is delivered, because it cannot be read what is paused by hand: ${reason}. ` +
      `${countText(pending, 'notification')} pending; nothing is lost.`,
  };
}

/** Names all that are paused by hand; who and when only where that is the same of all. */
function pausedByHand(first: TargetEntry, all: readonly TargetEntry[]): Health {
  const names = new Intl.ListFormat('en').format(all.map(({ name }) => name));
  const by = byOf(first);
  const isBySame = all.every((target) => byOf(target) === by);
  const since = all.map(({ pause }) => pause?.since ?? 0);
  const instant = Math.min(...since);
  const when = since.every((at) => at === instant) ? 'at {instant}' : 'at {instant} or later';
  const waiting = all.reduce((sum, { pending }) => sum + pending, 0);
  const rest = `${countText(waiting, 'notification')} pending; nothing is lost.`;
  return {
    level: 'attention',
    code: 'paused-by-hand',
    title: 'paused by hand',
    sentence: `Delivery to ${names} was paused ${by === null || !isBySame ? 'by hand' : `by ${by}`} ${when}. ${rest}`,
    instant,
  };
}

function byOf({ pause }: TargetEntry): string | null {
  return pause?.cause.kind === 'byHand' ? pause.cause.by : null;
}

function pausedAt({ name, pause, pending }: TargetEntry, isOneOfSeveral: boolean): Health {
  const who = isOneOfSeveral ? `The target ${name}` : 'The CRM';
  const to = isOneOfSeveral ? ' to it' : '';
  const setting = (variable: string, option: string): string =>
    isOneOfSeveral ? `targets.${name}.${option}` : variable;
  const rest = `Delivery${to} is paused with ${countText(pending, 'notification')} pending; nothing is lost.`;
  if (pause?.cause.kind === 'unauthorised') {
    return {
      level: 'failing',
      code: 'token-refused',
      title: 'token refused',
      sentence: `${who} refuses the token (${String(pause.cause.status)}): set the right ${setting('CRM_AUTH_TOKEN', 'authToken')}. ${rest}`,
    };
  }
  if (pause?.cause.kind === 'misdirected') {
    return {
      level: 'failing',
      code: 'misdirected',
      title: 'CRM URL wrong',
      sentence: `${who} responds ${String(pause.cause.status)} to every notification: check ${setting('CRM_BASE_URL', 'baseUrl')}. ${rest}`,
    };
  }
  if (pause?.cause.kind === 'unreachable' && pause.cause.code === tokenFailureCode) {
    return {
      level: 'failing',
      code: 'crm-unreachable',
      title: 'no token',
      sentence: `No token can be got for ${isOneOfSeveral ? `the target ${name}` : 'the CRM'} (${tokenFailureCode}). ${rest}`,
    };
  }
  const code = pause?.cause.kind === 'unreachable' ? ` (${pause.cause.code})` : '';
  return {
    level: 'failing',
    code: 'crm-unreachable',
    title: 'CRM unreachable',
    sentence: `${who} cannot be reached${code}. ${rest}`,
  };
}

/** Such as `crm-notifier deliver`, which knows the target of the environment alone. */
function neglectedBy({ name, pending }: TargetEntry): Health {
  return {
    level: pending === 0 ? 'attention' : 'failing',
    code: 'target-neglected',
    title: `${name} not delivered`,
    sentence: `The process that delivers does not know the target ${name}: ${countText(pending, 'notification')} for it will wait.`,
  };
}

function withDeadLetters(count: number): Health {
  return {
    level: 'attention',
    code: 'dead-letters',
    title: `${count.toLocaleString('en')} dead`,
    sentence: `There ${count === 1 ? 'is' : 'are'} ${countText(count, 'dead letter')}: see why below, then redeliver or discard.`,
  };
}

function withOldBacklog({ pending, oldestAgeMs }: Stats): Health {
  return {
    level: 'attention',
    code: 'old-backlog',
    title: 'old backlog',
    sentence: `The oldest of ${countText(pending, 'pending notification')} has been waiting for ${durationText(oldestAgeMs)}.`,
  };
}

function unknown({ pending }: Stats): Health {
  return {
    level: 'attention',
    code: 'unknown',
    title: 'health unknown',
    sentence:
      'This process does not deliver, and cannot see how it goes where that is done. ' +
      `${countText(pending, 'notification')} pending.`,
  };
}

function fine({ pending }: Stats, deliveredBy: DeliveredBy): Health {
  const what =
    pending === 0 ? 'nothing waits, and there are no dead letters' : `${countText(pending, 'notification')} on the way`;
  const by = deliveredBy === 'another process' ? ' Delivered by another process.' : '';
  return { level: 'fine', code: 'fine', title: 'fine', sentence: `All is well: ${what}.${by}` };
}
