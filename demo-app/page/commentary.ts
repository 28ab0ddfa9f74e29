import type { View } from './view.js';
import { countText } from './wording.js';

export interface Comment {
  readonly tone: 'good' | 'waiting' | 'bad';
  readonly text: string;
}

/** What the page has seen happen besides what the view says. */
export interface Story {
  /** The process that was killed from here, until another one has taken its place. */
  readonly killedPid: number | undefined;
  /** The process that has taken the place of a killed one. */
  readonly reborn: { readonly pid: number } | undefined;
  readonly hasChanged: boolean;
  readonly areStepsDone: boolean;
}

/** What goes on, in a sentence or two for somebody who sees it for the first time. */
export function commentOn({ state, inbox, isAppThere, isCrmProcessThere }: View, story: Story): Comment {
  if (!isAppThere) return { tone: 'bad', text: absenceText(story.killedPid) };
  if (!isCrmProcessThere || !inbox) {
    return {
      tone: 'bad',
      text: 'The process of the CRM is gone; the terminal says how to start it again. Bookings succeed all the same.',
    };
  }
  const { pending } = state.stats;
  const waiting = `${countText(pending, 'notification')} ${pending === 1 ? 'waits' : 'wait'} in the outbox, on disk`;
  const { reborn } = story;
  const back = reborn && pending > 0 ? `Back as process ${reborn.pid}. ` : '';
  const whatNext = reborn ? '' : ' Make it well again, or kill the app first.';
  switch (inbox.mode) {
    case 'down':
      return pending === 0
        ? { tone: 'bad', text: 'The CRM is down. Book something: it succeeds all the same.' }
        : { tone: 'bad', text: `${back}The CRM is down. ${waiting}.${whatNext}` };
    case 'wrong-token':
      return pending === 0
        ? { tone: 'bad', text: 'The CRM refuses the token. Book something: it succeeds all the same.' }
        : {
            tone: 'bad',
            text: `${back}The CRM refuses the token, so delivery is paused. ${waiting} until that is mended.`,
          };
    case 'slow':
      return pending === 0
        ? {
            tone: 'waiting',
            text: 'The CRM takes 2 to 3 seconds for an answer. Book something: that takes no longer than before.',
          }
        : { tone: 'waiting', text: `${back}The CRM takes its time. ${waiting}; no booking waits with them.` };
    case 'ok':
      if (pending > 0) {
        const next = state.pauseCause ? 'the next probe will find the CRM well' : 'they are on their way';
        return { tone: 'waiting', text: `${back}${waiting}; ${next}.` };
      }
      if (story.areStepsDone)
        return { tone: 'good', text: 'Everything arrived, nothing is missing. That is all there is to it.' };
      if (reborn) {
        return { tone: 'good', text: `The app was killed and is back as process ${reborn.pid}. Nothing is missing.` };
      }
      return story.hasChanged
        ? {
            tone: 'good',
            text: 'Everything arrived: each once, those of one booking in order. Now make it harder for the CRM.',
          }
        : { tone: 'good', text: 'All is well. Book a session on the left and watch it arrive on the right.' };
  }
}

function absenceText(killedPid: number | undefined): string {
  return killedPid === undefined
    ? 'The app does not answer. If it was killed, the supervisor starts it again; if the demo was stopped, start it with npm run demo.'
    : 'The app process was killed; the supervisor starts it again. What it had accepted is on disk.';
}
