/** What changes something, or begins to: a button, or a check box of the selection. */
type ChangeControl = HTMLButtonElement | HTMLInputElement;

/** Whether the page is connected, and who looks at it may change something; false before the first overview. */
let isAllowed = false;
/** What had the focus when that ended; a disabled control cannot keep it. */
let hadFocus: ChangeControl | undefined;

/**
 * Enables a control that changes something where that makes sense, the page is connected and its user may. Every such control is enabled
 * and disabled here alone, so that none of them promises what cannot be done.
 */
export function allowChange<Control extends ChangeControl>(control: Control, isPossible = true): Control {
  control.dataset['change'] = isPossible ? 'possible' : 'impossible';
  control.disabled = !isPossible || !isAllowed;
  return control;
}

/** Disables all of them while the page is not connected, and for those who may not change anything. */
export function allowChangesWhile(nowAllowed: boolean): void {
  if (nowAllowed === isAllowed) return;
  isAllowed = nowAllowed;
  const active = document.activeElement;
  const controls = [...document.querySelectorAll<ChangeControl>('[data-change]')];
  for (const control of controls) allowChange(control, control.dataset['change'] === 'possible');
  if (!isAllowed) hadFocus = controls.find((control) => control === active);
  // Nothing else has got it meanwhile.
  else if (document.activeElement === document.body) hadFocus?.focus({ preventScroll: true });
}
