/** The element of the page with this id; index.html and the scripts belong together, so a missing one is a mistake of ours. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no such ${id}`);
  return found;
}

/** Makes an element. What it shows is text, whatever characters it holds. */
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

/** Text for screen readers alone. */
export function unseen(text: string): HTMLElement {
  return make('span', 'visually-hidden', text);
}

/** Changes a text only where it differs, so that nothing is announced or selected anew without a reason. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
