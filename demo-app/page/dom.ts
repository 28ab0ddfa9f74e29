/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Sets a text only if it differs, so that a screen reader does not repeat it and a selection is not lost. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** The element that shows one item. */
export interface Row<Item> {
  readonly node: HTMLElement;
  update(item: Item): void;
}

/**
 * Shows a list that changes. An item keeps its element, and with it the focus, as long as it is in the list. The elements get
 * their places by `--index`, for a style that moves them without a layout.
 */
export function createList<Item>(
  parent: HTMLElement,
  keyOf: (item: Item) => string | number,
  createRow: (item: Item) => Row<Item>,
): (items: readonly Item[]) => void {
  const rows = new Map<string | number, Row<Item>>();
  return (items) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, { node }] of rows) {
      if (keys.has(key)) continue;
      node.remove();
      rows.delete(key);
    }
    for (const [index, item] of items.entries()) {
      const key = keyOf(item);
      const row = rows.get(key) ?? createRow(item);
      rows.set(key, row);
      row.update(item);
      row.node.style.setProperty('--index', String(index));
      const place = parent.children[index];
      if (place !== row.node) parent.insertBefore(row.node, place ?? null);
    }
  };
}
