import type { CrmMode } from '../crm-service/mode-switch.js';
import { commentOn } from './commentary.js';
import type { Story } from './commentary.js';
import { byId, createList, element, setText } from './dom.js';
import { stepsWith } from './progress.js';
import type { View } from './view.js';
import type { Words } from './words.js';

export interface GuidePanel {
  show(view: View, words: Words, story: Story, done: readonly boolean[]): void;
  /** Shows the outcome of a switch that was pressed. */
  showStatus(text: string, tone: 'good' | 'bad' | 'waiting'): void;
}

export interface Switches {
  readonly onMode: (mode: CrmMode) => void;
  readonly onKill: () => void;
}

const MODES: readonly { readonly mode: CrmMode; readonly label: string }[] = [
  { mode: 'ok', label: 'Up' },
  { mode: 'down', label: 'Down' },
  { mode: 'slow', label: 'Slow' },
  { mode: 'wrong-token', label: 'Refusing the token' },
];

interface Step {
  readonly title: string;
  readonly text: string;
  readonly isDone: boolean;
}

/** A comment on what is happening, the steps to try, and the switches for them. */
export function createGuidePanel({ onMode, onKill }: Switches): GuidePanel {
  const commentary = byId('commentary');
  const processText = byId('process');
  const status = byId('switch-status');
  byId('kill').addEventListener('click', onKill);

  const buttons = MODES.map(({ mode, label }) => {
    const button = element('button', '', label);
    button.type = 'button';
    button.dataset['mode'] = mode;
    button.addEventListener('click', () => {
      onMode(mode);
    });
    return button;
  });
  byId('crm-modes').append(...buttons);

  const showSteps = createList<Step>(
    byId('steps'),
    ({ title }) => title,
    ({ title, text }) => {
      const state = element('span', 'visually-hidden');
      const node = element('li', '', element('div', '', element('strong', '', title), text, state));
      return {
        node,
        update: ({ isDone }) => {
          node.dataset['done'] = String(isDone);
          setText(state, isDone ? ' Done.' : '');
        },
      };
    },
  );

  return {
    show(view, words, story, done) {
      const { tone, text } = commentOn(view, words, story);
      commentary.dataset['tone'] = tone;
      setText(commentary, text);
      showSteps(stepsWith(words).map((step, index) => ({ ...step, isDone: done[index] ?? false })));
      for (const button of buttons) {
        button.setAttribute('aria-pressed', String(button.dataset['mode'] === view.inbox?.mode));
      }
      setText(processText, words.process(view.leader));
    },
    showStatus(text, tone) {
      status.dataset['tone'] = tone;
      setText(status, text);
    },
  };
}
