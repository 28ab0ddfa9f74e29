import { countText, durationText } from '../core/duration-text.js';
import { failureText } from '../core/failure-words.js';
import { tokenFailureCode } from '../core/token-failure-code.js';
import type { Stats } from '../notifier/notifier.js';
import type { DeliveredBy, Health, Problem, TargetEntry } from './api-contract.js';
import type { Rejections } from './rejections.js';

export interface HealthContext {
  readonly stats: Stats;
  readonly targets: readonly TargetEntry[];
  readonly deliveredBy: DeliveredBy;
  readonly outboxCode: string | undefined;
  readonly rejections: Rejections;
  readonly oldBacklogMs: number;
}

/** Whether all is well, and if not, each reason in one sentence, the most urgent first. Never fine unless that is known. */
export function healthOf(context: HealthContext): Health {
  const [first, ...others] = problemsOf(context);
  if (first === undefined) return fine(context.stats, context.deliveredBy);
  const isFailing = [first, ...others].some(({ level }) => level === 'failing');
  return { ...first, level: isFailing ? 'failing' : first.level, others };
}

function problemsOf(context: HealthContext): readonly Problem[] {
  const { stats, targets, deliveredBy, outboxCode, rejections, oldBacklogMs } = context;
  const inMemory = stats.unsaved > 0 ? [unsaved(stats.unsaved)] : [];
  const lost = rejections.notValid + rejections.notStored > 0 ? [notAccepted(rejections)] : [];
  // What is held now is not known then.
  if (!stats.isOutboxReadable) return [unreadable(outboxCode), ...inMemory, ...lost];
  const neglected = targets.filter(({ circuit }) => deliveredBy === 'another process' && circuit === null);
  return [
    ...inMemory,
    ...(deliveredBy === 'nobody' ? [nobodyDelivers(stats)] : []),
    ...pauses(stats, targets),
    ...neglected.map(neglectedBy),
    ...(stats.dead > 0 ? [withDeadLetters(stats.dead)] : []),
    ...lost,
    ...(stats.oldestAgeMs >= oldBacklogMs ? [withOldBacklog(stats)] : []),
    ...(deliveredBy === 'unknown' ? [unknown(stats)] : []),
  ];
}

/** Why nothing is sent to some targets, or to all. */
function pauses(stats: Stats, targets: readonly TargetEntry[]): readonly Problem[] {
  const held = targets.find(({ pause }) => pause?.cause.kind === 'pausesUnknown');
  if (held?.pause?.cause.kind === 'pausesUnknown') return [waiting(stats, held.pause.cause.reason)];
  const byHand = targets.filter(({ pause }) => pause?.cause.kind === 'byHand');
  // Somebody has to see to the trouble of another target; that this one is paused is known.
  const inTrouble = targets.filter(
    (target) => (target.circuit === 'open' || target.circuit === 'half-open') && !byHand.includes(target),
  );
  return [
    ...inTrouble.map((target) => troubleOf(target, targets.length > 1)),
    ...(byHand[0] === undefined ? [] : [pausedByHand(byHand[0], byHand)]),
  ];
}

function unreadable(code: string | undefined): Problem {
  return {
    level: 'failing',
    code: 'outbox-unreadable',
    title: 'outbox not readable',
    sentence: `The outbox cannot be read${code === undefined ? '' : ` (${code})`}, so its contents are unknown.`,
  };
}

function unsaved(count: number): Problem {
  const are = count === 1 ? 'is' : 'are';
  return {
    level: 'failing',
    code: 'unsaved',
    title: `${count.toLocaleString('en')} unsaved`,
    sentence: `${countText(count, 'notification')} ${are} in memory only, because the outbox does not respond.`,
  };
}

function nobodyDelivers({ pending }: Stats): Problem {
  const waiting = pending === 0 ? '' : ` ${countText(pending, 'notification')} will wait until one does.`;
  return {
    level: pending === 0 ? 'attention' : 'failing',
    code: 'nobody-delivers',
    title: 'nobody delivers',
    sentence: `No process delivers this outbox now.${waiting}`,
  };
}

/** It concerns all targets. */
function waiting({ pending }: Stats, reason: string): Problem {
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
function pausedByHand(first: TargetEntry, all: readonly TargetEntry[]): Problem {
  const names = new Intl.ListFormat('en').format(all.map(({ name }) => name));
  const by = byOf(first);
  const isBySame = all.every((target) => byOf(target) === by);
  const who = by === null || !isBySame ? 'by hand' : `by ${by}`;
  const since = all.map(({ pause }) => pause?.since ?? 0);
  const instant = Math.min(...since);
  const when = since.every((at) => at === instant) ? 'at {instant}' : 'at {instant} or later';
  const waiting = all.reduce((sum, { pending }) => sum + pending, 0);
  const rest = `${countText(waiting, 'notification')} pending; nothing is lost.`;
  return {
    level: 'attention',
    code: 'paused-by-hand',
    title: `paused ${who}`,
    sentence: `Delivery to ${names} was paused ${who} ${when}. ${rest}`,
    instant,
  };
}

function byOf({ pause }: TargetEntry): string | null {
  return pause?.cause.kind === 'byHand' ? pause.cause.by : null;
}

function troubleOf({ name, pause, pending }: TargetEntry, isOneOfSeveral: boolean): Problem {
  const who = isOneOfSeveral ? `The target ${name}` : 'The CRM';
  const to = isOneOfSeveral ? ' to it' : '';
  const setting = (variable: string, option: string): string =>
    isOneOfSeveral ? `targets.${name}.${option}` : variable;
  const rest = `Delivery${to} waits, with ${countText(pending, 'notification')} pending; nothing is lost.`;
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
  const why = pause?.cause.kind === 'unreachable' ? `: ${failureText(pause.cause.code)}` : '';
  return {
    level: 'failing',
    code: 'crm-unreachable',
    title: 'CRM unreachable',
    sentence: `${who} cannot be reached${why}. ${rest}`,
  };
}

/** Such as `crm-notifier deliver`, which knows the target of the environment alone. */
function neglectedBy({ name, pending }: TargetEntry): Problem {
  return {
    level: pending === 0 ? 'attention' : 'failing',
    code: 'target-neglected',
    title: `${name} not delivered`,
    sentence: `The process that delivers does not know the target ${name}: ${countText(pending, 'notification')} for it will wait.`,
  };
}

function withDeadLetters(count: number): Problem {
  return {
    level: 'attention',
    code: 'dead-letters',
    title: `${count.toLocaleString('en')} dead`,
    sentence: `There ${count === 1 ? 'is' : 'are'} ${countText(count, 'dead letter')}: see why below, then redeliver or discard.`,
  };
}

/** Of this process: another one that shares the outbox says it of its own. */
function notAccepted({ notValid, notStored }: Rejections): Problem {
  const count = notValid + notStored;
  const whys = [
    ...(notValid > 0 ? [`${notValid.toLocaleString('en')} not valid`] : []),
    ...(notStored > 0 ? [`${notStored.toLocaleString('en')} without room in the outbox`] : []),
  ];
  return {
    level: 'attention',
    code: 'not-accepted',
    title: `${count.toLocaleString('en')} not accepted`,
    sentence:
      `In the past hour this process did not accept ${countText(count, 'notification')} (${whys.join(', ')}), ` +
      `so the CRM never gets ${count === 1 ? 'it' : 'them'}: the log says why.`,
  };
}

function withOldBacklog({ pending, oldestAgeMs }: Stats): Problem {
  return {
    level: 'attention',
    code: 'old-backlog',
    title: 'old backlog',
    sentence: `The oldest of ${countText(pending, 'pending notification')} has been waiting for ${durationText(oldestAgeMs)}.`,
  };
}

function unknown({ pending }: Stats): Problem {
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
  return { level: 'fine', code: 'fine', title: 'fine', sentence: `All is well: ${what}.${by}`, others: [] };
}
