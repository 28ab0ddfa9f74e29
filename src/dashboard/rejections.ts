import type { CRMNotificationError } from '../core/errors.js';

/** How many notifications this process did not accept in the past hour, and so will never send. */
export interface Rejections {
  /** Those that are not valid, with what a mapper failed at. */
  readonly notValid: number;
  /** Those that the outbox had no room for, or could not take. */
  readonly notStored: number;
}

/** Counts them by the minute, in bounded memory. */
export interface RejectionCounts {
  add(error: Pick<CRMNotificationError, 'code'>, at: number): void;
  read(now: number): Rejections;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;

export function createRejectionCounts(): RejectionCounts {
  let minutes: readonly (Rejections & { readonly startAt: number })[] = [];
  return {
    add({ code }, at) {
      const startAt = at - (at % minuteMs);
      const ofMinute = minutes.find((minute) => minute.startAt === startAt) ?? { startAt, notValid: 0, notStored: 0 };
      const key = code === 'ERR_CRM_OUTBOX' ? 'notStored' : 'notValid';
      const others = minutes.filter((minute) => minute.startAt !== startAt && minute.startAt > at - hourMs);
      minutes = [...others.slice(-60), { ...ofMinute, [key]: ofMinute[key] + 1 }];
    },
    read(now) {
      const recent = minutes.filter(({ startAt }) => startAt > now - hourMs);
      const sumOf = (key: keyof Rejections): number => recent.reduce((sum, minute) => sum + minute[key], 0);
      return { notValid: sumOf('notValid'), notStored: sumOf('notStored') };
    },
  };
}
