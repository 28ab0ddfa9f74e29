import { minutesKeptMs, type TypeMinute } from './history.js';

/** Counts by type are kept in steps of several lengths, each for its time. */
export interface TypeStep {
  readonly stepMs: number;
  /** How far back its counts go. */
  readonly reachMs: number;
}

/** What is to be added to a step. */
export interface TypeStepCounts extends TypeMinute {
  readonly stepMs: number;
}

const hourMs = 3_600_000;

/**
 * From the shortest on. They are the steps of the charts, so that what is read for a chart's time adds up to the same; and few enough
 * to be read each second.
 */
export const typeSteps: readonly TypeStep[] = [
  { stepMs: 60_000, reachMs: 2 * hourMs },
  { stepMs: 15 * 60_000, reachMs: 48 * hourMs },
  { stepMs: hourMs, reachMs: minutesKeptMs },
];

/** The shortest steps that go back to `from`, or else the longest. */
export function typeStepFor(from: number, now: number): TypeStep {
  const found = typeSteps.find(({ reachMs }) => from >= now - reachMs) ?? typeSteps.at(-1);
  if (found === undefined) throw new Error('there are no steps');
  return found;
}

/** The beginning of the step that an instant lies in. */
export function typeStepStart({ stepMs }: Pick<TypeStep, 'stepMs'>, at: number): number {
  return Math.floor(at / stepMs) * stepMs;
}

/** What begins before is dropped. The step in which the reach ends is still whole. */
export function firstKeptStart(step: TypeStep, now: number): number {
  return typeStepStart(step, now - step.reachMs);
}

/** The counts of minutes, once for each length of the steps. */
export function inTypeSteps(minutes: readonly TypeMinute[]): readonly TypeStepCounts[] {
  return typeSteps.flatMap((step) =>
    minutes.map((counts) => ({ stepMs: step.stepMs, ...counts, startAt: typeStepStart(step, counts.startAt) })),
  );
}
