const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

/** A duration for people, in its largest unit: `3 d`, `12 min`, `0 s`. */
export function durationText(durationMs: number): string {
  const unit = units.find(({ ms }) => durationMs >= ms) ?? { name: 's', ms: 1_000 };
  return `${String(Math.floor(Math.max(0, durationMs) / unit.ms))} ${unit.name}`;
}
