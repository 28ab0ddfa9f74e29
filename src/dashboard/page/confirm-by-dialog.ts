import { allowChange } from './change-control.js';
import { byId } from './element.js';

export interface Question {
  readonly heading: string;
  readonly text: string;
  readonly yes: string;
}

/** Asks in a modal dialog. Resolves with true for yes and false for Cancel or Escape; then the focus returns. */
export function confirmByDialog({ heading, text, yes }: Question): Promise<boolean> {
  const dialog = byId('confirmation', HTMLDialogElement);
  byId('confirmation-heading', HTMLElement).textContent = heading;
  byId('confirmation-text', HTMLElement).textContent = text;
  allowChange(byId('confirmation-yes', HTMLButtonElement)).textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        resolve(dialog.returnValue === 'yes');
      },
      { once: true },
    );
  });
}
