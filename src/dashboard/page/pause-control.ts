import type { Overview, TargetEntry } from '../api-contract.js';
import { changePause } from './api-client.js';
import { allowChange } from './change-control.js';
import { confirmByDialog } from './confirm-by-dialog.js';
import { byId, setText } from './element.js';
import { failedChangeText } from './failed-change-text.js';

/** Pauses and resumes delivery by hand: of all targets by the button above the figures, of one by the button in its row. */
export interface PauseControl {
  show(overview: Pick<Overview, 'targets'>): void;
  /** Pauses a target that is not paused by hand, and resumes one that is. */
  press(target: TargetEntry): void;
}

export function createPauseControl(onChanged: () => void): PauseControl {
  const button = byId('pause', HTMLButtonElement);
  const outcome = byId('pause-outcome', HTMLElement);
  let targets: readonly TargetEntry[] = [];

  /** `name` is null for all. Asks before it pauses, because others wait from then on. */
  const change = async (call: 'pause' | 'resume', name: string | null, who: string): Promise<void> => {
    const text = 'Notifications are accepted as before, and wait until somebody resumes it. Nothing is lost.';
    const question = { heading: `Pause delivery to ${who}?`, text, yes: 'Pause' };
    if (call === 'pause' && !(await confirmByDialog(question))) return;
    try {
      await changePause(call, name);
      setText(outcome, '');
    } catch (error) {
      setText(outcome, failedChangeText(error));
    }
    onChanged();
  };

  const areAllPaused = (): boolean => targets.every(isPausedByHand);

  button.addEventListener('click', () => {
    const [first] = targets;
    if (first === undefined) return;
    void change(areAllPaused() ? 'resume' : 'pause', null, targets.length === 1 ? first.name : 'all targets');
  });

  return {
    show(overview) {
      ({ targets } = overview);
      allowChange(button, targets.length > 0);
      const what = targets.length === 1 ? 'delivery' : 'all';
      setText(button, areAllPaused() ? `Resume ${what}` : `Pause ${what} …`);
    },
    press(target) {
      void change(isPausedByHand(target) ? 'resume' : 'pause', target.name, target.name);
    },
  };
}

export function isPausedByHand({ pause }: Pick<TargetEntry, 'pause'>): boolean {
  return pause?.cause.kind === 'byHand';
}
