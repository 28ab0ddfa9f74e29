import { dayAndTimeText } from './format.js';

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
