import type { AppProcess, View } from './view.js';
import { countText } from './wording.js';
import type { Words } from './words.js';

export interface Comment {
  readonly tone: 'good' | 'waiting' | 'bad';
  readonly text: string;
}

/** What has happened on this page, besides what the view shows. */
export interface Story {
  /** The process that was killed from this page, until another one has taken its place. */
  readonly killed: AppProcess | undefined;
  /** The process that took the place of a killed one. */
  readonly successor: AppProcess | undefined;
  readonly hasChanged: boolean;
  readonly areStepsDone: boolean;
}

/** Comments on the current state in a sentence or two, for first-time visitors. */
export function commentOn(view: View, words: Words, story: Story): Comment {
  const { state, leader, inbox, isAppThere, isCrmProcessThere } = view;
  if (!leader) return { tone: 'bad', text: words.absence(story.killed, isAppThere) };
  if (!isCrmProcessThere || !inbox) {
    return {
      tone: 'bad',
      text: 'The CRM’s process has ended; the terminal shows how to start it again. Bookings still succeed.',
    };
  }
  const { pending } = state.stats;
  const waiting = `${countText(pending, 'notification')} ${pending === 1 ? 'waits' : 'wait'} in the outbox, ${words.where}`;
  const { successor } = story;
  const back = successor && pending > 0 ? words.back(successor) : '';
  const whatNext = successor ? '' : ` Bring the CRM back up, or ${words.killOffer}.`;
  switch (inbox.mode) {
    case 'down':
      return pending === 0
        ? { tone: 'bad', text: 'The CRM is down. Book something: it still succeeds.' }
        : { tone: 'bad', text: `${back}The CRM is down. ${waiting}.${whatNext}` };
    case 'wrong-token':
      return pending === 0
        ? { tone: 'bad', text: 'The CRM refuses the token. Book something: it still succeeds.' }
        : {
            tone: 'bad',
            text: `${back}The CRM refuses the token, so delivery is paused. ${waiting}, until the CRM accepts it.`,
          };
    case 'slow':
      return pending === 0
        ? {
            tone: 'waiting',
            text: 'The CRM takes 2 to 3 seconds to respond. Book something: it is as fast as before.',
          }
        : { tone: 'waiting', text: `${back}The CRM is slow. ${waiting}; bookings do not wait.` };
    case 'ok':
      if (pending > 0) {
        const next = state.pauseCause ? 'the next probe will find the CRM up' : 'they are on their way';
        return { tone: 'waiting', text: `${back}${waiting}; ${next}.` };
      }
      if (story.areStepsDone)
        return { tone: 'good', text: 'Everything arrived, nothing is missing. You have seen it all.' };
      if (successor) return { tone: 'good', text: words.backAndDone(successor) };
      return story.hasChanged
        ? {
            tone: 'good',
            text: 'Everything arrived: each once, and in order for each booking. Now take the CRM down.',
          }
        : { tone: 'good', text: 'All is well. Book a session on the left and watch it arrive on the right.' };
  }
}
