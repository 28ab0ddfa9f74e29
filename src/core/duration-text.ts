const steps = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'second', ms: 1_000 },
] as const;

/** A duration for people to read, rounded down to the largest unit that fits: `3 minutes`. */
export function durationText(ms: number): string {
  const { unit, ms: unitMs } = steps.find((step) => ms >= step.ms) ?? steps[3];
  return countText(Math.floor(ms / unitMs), unit);
}

/** The same, but `12 ms` where it is under a second. */
export function exactDurationText(ms: number): string {
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : durationText(ms);
}

/** `1 letter`, `1,234 letters`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
