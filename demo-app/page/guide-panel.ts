import type { CrmMode } from '../crm-service/mode-switch.js';
import type { AppOverview } from '../supervisor/read-snapshot.js';
import { commentOn } from './commentary.js';
import type { Story, Tone } from './commentary.js';
import { byId, createList, element, setText } from './dom.js';
import { stepsWith } from './progress.js';
import type { View } from './view.js';
import type { Words } from './words.js';

export interface GuidePanel {
  show(view: View | undefined, words: Words, story: Story, done: readonly boolean[]): void;
  /** Shows the outcome of a button that was pressed. */
  showOutcome(text: string, tone: Tone): void;
}

export interface Switches {
  readonly onMode: (mode: CrmMode) => void;
  readonly onKill: () => void;
}

interface Step {
  readonly number: number;
  readonly title: string;
  readonly text: string;
  readonly isDone: boolean;
  readonly isNext: boolean;
}

/** A comment on what is happening, the steps to try, and the switches for them. */
export function createGuidePanel({ onMode, onKill }: Switches): GuidePanel {
  const commentary = byId('commentary');
  const outcome = byId('outcome');
  const kill = byId('kill') as HTMLButtonElement;
  kill.addEventListener('click', onKill);
  const modeButtons = [...byId('crm-modes').querySelectorAll('button')];
  for (const button of modeButtons) {
    button.addEventListener('click', () => {
      onMode(button.dataset['mode'] as CrmMode);
    });
  }
  const showApps = createList<AppOverview & { readonly text: string }>(
    byId('apps'),
    ({ number }) => number,
    () => {
      const node = element('li');
      return {
        node,
        update: ({ process, text }) => {
          node.dataset['state'] = process ? 'running' : 'dead';
          setText(node, text);
        },
      };
    },
  );
  const showSteps = createList<Step>(byId('steps'), ({ number }) => number, createStepRow);

  return {
    show(view, words, story, done) {
      const { tone, text } = commentOn(view, words, story);
      commentary.dataset['tone'] = tone;
      setText(commentary, text);
      const next = done.indexOf(false);
      showSteps(
        stepsWith(words).map((step, index) => ({
          ...step,
          number: index + 1,
          isDone: done[index] ?? false,
          isNext: index === next,
        })),
      );
      if (!view) return;
      const { snapshot, leader, isConnected } = view;
      for (const button of modeButtons) {
        button.setAttribute('aria-pressed', String(isConnected && button.dataset['mode'] === snapshot.crm?.mode));
      }
      showApps(
        snapshot.apps.map((app) => ({
          ...app,
          text: isConnected ? words.process(app) : 'Not known while disconnected',
        })),
      );
      kill.disabled = !leader || !isConnected;
    },
    showOutcome(text, tone) {
      outcome.dataset['tone'] = tone;
      setText(outcome, text);
    },
  };
}

function createStepRow({ number, title, text }: Step): { node: HTMLElement; update(step: Step): void } {
  const state = element('span', 'visually-hidden');
  const node = element('li', '', element('div', '', element('strong', '', title), ' ', text, state));
  node.dataset['number'] = String(number);
  return {
    node,
    update: ({ isDone, isNext }) => {
      node.dataset['done'] = String(isDone);
      node.dataset['next'] = String(isNext);
      setText(state, isDone ? ' Done.' : '');
    },
  };
}
