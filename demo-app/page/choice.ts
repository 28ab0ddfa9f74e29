import { createList, element } from './dom.js';

/** Buttons of which one is chosen; the first, until another one is. */
export interface Choice {
  show(options: readonly string[]): void;
  /** Empty while there is none. */
  readonly chosen: string;
}

export function createChoice(parent: HTMLElement, groupName: string, onChange: () => void): Choice {
  let chosen = '';
  const showOptions = createList<string>(
    parent,
    (option) => option,
    (option) => {
      const radio = element('input');
      radio.type = 'radio';
      radio.name = groupName;
      radio.checked = option === chosen;
      radio.addEventListener('change', () => {
        chosen = option;
        onChange();
      });
      return { node: element('label', '', radio, element('span', '', option)), update: () => undefined };
    },
  );
  return {
    show(options) {
      chosen ||= options[0] ?? '';
      showOptions(options);
    },
    get chosen() {
      return chosen;
    },
  };
}
