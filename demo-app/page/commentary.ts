import type { View } from './view.js';
import { countText } from './wording.js';

export interface Comment {
  readonly tone: 'good' | 'waiting' | 'bad';
  readonly text: string;
}

/** What has happened on this page, besides what the view shows. */
export interface Story {
  /** The process that was killed from this page, until another one has taken its place. */
  readonly killedPid: number | undefined;
  /** The process that took the place of a killed one. */
  readonly restarted: { readonly pid: number } | undefined;
  readonly hasChanged: boolean;
  readonly areStepsDone: boolean;
}

/** Comments on the current state in a sentence or two, for first-time visitors. */
export function commentOn({ state, inbox, isAppThere, isCrmProcessThere }: View, story: Story): Comment {
  if (!isAppThere) return { tone: 'bad', text: absenceText(story.killedPid) };
  if (!isCrmProcessThere || !inbox) {
    return {
      tone: 'bad',
      text: 'The CRM’s process has ended; the terminal shows how to start it again. Bookings still succeed.',
    };
  }
  const { pending } = state.stats;
  const waiting = `${countText(pending, 'notification')} ${pending === 1 ? 'waits' : 'wait'} in the outbox, on disk`;
  const { restarted } = story;
  const back = restarted && pending > 0 ? `The app is back as process ${restarted.pid}. ` : '';
  const whatNext = restarted ? '' : ' Bring the CRM back up, or kill the app first.';
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
      if (restarted) {
        return {
          tone: 'good',
          text: `The app was killed and is back as process ${restarted.pid}. Nothing is missing.`,
        };
      }
      return story.hasChanged
        ? {
            tone: 'good',
            text: 'Everything arrived: each once, and in order for each booking. Now take the CRM down.',
          }
        : { tone: 'good', text: 'All is well. Book a session on the left and watch it arrive on the right.' };
  }
}

function absenceText(killedPid: number | undefined): string {
  return killedPid === undefined
    ? 'The app does not respond. If it was killed, the supervisor starts it again; if the demo was stopped, start it with npm run demo.'
    : 'The app process was killed; the supervisor starts it again. What it had accepted is on disk.';
}
