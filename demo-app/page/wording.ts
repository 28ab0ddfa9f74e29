/** A duration in its largest unit: `6 ms`, `2.4 s`, `3 min`, `5 h`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  return `${Math.floor(ms / 3_600_000)} h`;
}

/** `1 notification`, `3 notifications`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What happened, from a notification's type: `booking_created` becomes `created`. */
export function happeningText(type: string): string {
  return type.replace(/^(booking|event)_/, '').replaceAll('_', ' ');
}

const startFormat = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function startText(instant: string): string {
  return startFormat.format(new Date(instant));
}

export function clockText(instant: string): string {
  return clockFormat.format(new Date(instant));
}

const HUE_COUNT = 6;

/** A lane has the same colour everywhere, so that a booking can be followed from left to right. */
export function hueOf(lane: string): string {
  let sum = 0;
  for (const digit of lane.replace(/\D/g, '')) sum = sum * 10 + Number(digit);
  return String(sum % HUE_COUNT);
}
