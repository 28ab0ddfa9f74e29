const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function numberText(value: number): string {
  return value.toLocaleString('en');
}

export function timeText(at: number): string {
  return time.format(at);
}

export function minuteText(at: number): string {
  return minute.format(at);
}

export function dayAndTimeText(at: number): string {
  return dayAndTime.format(at);
}

/** Rounded for people: `0.8 ms`, `12 ms`, `1.25 s`. */
export function millisecondsText(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 999.5 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${numberText(bytes)} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
