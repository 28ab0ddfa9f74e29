import type { Health } from '../api-contract.js';
import { byId, setText } from './element.js';

const words = { fine: '✓ Fine', attention: '● Attention', failing: '▲ Trouble' } as const;
const titleMarks = { fine: '✓', attention: '●', failing: '▲' } as const;

/** Shows whether all is well, in the page and in the document's title. */
export function createHealthPanel(): (health: Health) => void {
  const panel = byId('health', HTMLElement);
  const word = byId('health-word', HTMLElement);
  const sentence = byId('health-sentence', HTMLElement);
  const announcement = byId('health-announcement', HTMLElement);
  let announcedCode: Health['code'] | undefined;

  return (health) => {
    panel.dataset['level'] = health.level;
    panel.dataset['code'] = health.code;
    setText(word, words[health.level]);
    setText(sentence, health.sentence);
    document.title = `${titleMarks[health.level]} ${health.title} – CRM notifier`;
    // Said when the reason changes, not with each of its numbers.
    if (announcedCode !== health.code) setText(announcement, health.sentence);
    announcedCode = health.code;
  };
}
