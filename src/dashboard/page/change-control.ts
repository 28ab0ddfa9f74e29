/** What changes something, or begins to: a button, or a check box of the selection. */
type ChangeControl = HTMLButtonElement | HTMLInputElement;

/** False before the first overview. */
let isConnected = false;
/** What had the focus when the connection was lost; a disabled control cannot keep it. */
let hadFocus: ChangeControl | undefined;

/**
 * Enables a control that changes something where that makes sense and the page is connected. Every such control is enabled and disabled
 * here alone, so that none of them promises what cannot be done.
 */
export function allowChange<Control extends ChangeControl>(control: Control, isPossible = true): Control {
  control.dataset['change'] = isPossible ? 'possible' : 'impossible';
  control.disabled = !isPossible || !isConnected;
  return control;
}

/** Disables all of them while the page is not connected. */
export function allowChangesWhile(nowConnected: boolean): void {
  if (nowConnected === isConnected) return;
  isConnected = nowConnected;
  const active = document.activeElement;
  const controls = [...document.querySelectorAll<ChangeControl>('[data-change]')];
  for (const control of controls) allowChange(control, control.dataset['change'] === 'possible');
  if (!isConnected) hadFocus = controls.find((control) => control === active);
  // Nothing else has got it meanwhile.
  else if (document.activeElement === document.body) hadFocus?.focus({ preventScroll: true });
}
