/** The element with this id. Throws if index.html has none. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}`);
  return found;
}

/** Creates an element. Strings become text, never markup. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...content);
  return made;
}

/** Text for screen readers only. */
export function unseen(text: string): HTMLElement {
  return make('span', 'visually-hidden', text);
}

/** Sets a text only if it differs, so that a screen reader does not repeat it and a selection is not lost. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** A `<time>` with a short text; its tooltip has the full date and time. */
export function timeElement(at: number, text: string): HTMLTimeElement {
  const shown = make('time', '', text);
  shown.dateTime = new Date(at).toISOString();
  shown.title = dayAndTimeText(at);
  return shown;
}

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const dayAndSecond = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function numberText(value: number): string {
  return value.toLocaleString('en');
}

export function timeText(at: number): string {
  return time.format(at);
}

export function minuteText(at: number): string {
  return minute.format(at);
}

/** The time alone if it is today. */
export function recentText(at: number): string {
  return new Date(at).toDateString() === new Date().toDateString() ? minuteText(at) : dayAndTimeText(at);
}

export function dayText(at: number): string {
  return day.format(at);
}

export function dayAndTimeText(at: number): string {
  return dayAndTime.format(at);
}

export function dayAndSecondText(at: number): string {
  return dayAndSecond.format(at);
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
