import type { AppProcess, View } from './view.js';
import { countText } from './wording.js';
import type { Words } from './words.js';

export type Tone = 'good' | 'waiting' | 'bad';

export interface Comment {
  readonly tone: Tone;
  readonly text: string;
}

/** What has happened while this page was open, besides what the view shows. */
export interface Story {
  /** The process that delivered and is gone, until another one has taken its place. */
  readonly killed: AppProcess | undefined;
  /** The process that took the place of a killed one. */
  readonly successor: AppProcess | undefined;
  readonly hasChanged: boolean;
  readonly areStepsDone: boolean;
}

/** Comments on the current state in a sentence or two, for first-time visitors. */
export function commentOn(view: View | undefined, words: Words, story: Story): Comment {
  if (!view?.isConnected) return { tone: view ? 'bad' : 'waiting', text: view ? words.disconnected : 'Connecting …' };
  const { snapshot, leader } = view;
  const { crm, outbox } = snapshot;
  if (!leader)
    return {
      tone: 'bad',
      text: words.absence(
        story.killed,
        snapshot.apps.some(({ process }) => process),
      ),
    };
  if (!crm) {
    return {
      tone: 'bad',
      text: 'The CRM’s process has ended; the terminal shows how to start it again. Bookings still succeed.',
    };
  }
  const { pending, dead } = outbox;
  const waiting = `${countText(pending, 'notification')} ${pending === 1 ? 'waits' : 'wait'} in the outbox, ${words.where}`;
  const { successor } = story;
  const back = successor && pending > 0 ? words.back(successor) : '';
  const whatNext = successor ? '' : ` Bring the CRM back up, or ${words.killOffer}.`;
  switch (crm.mode) {
    case 'down':
      return pending === 0
        ? { tone: 'bad', text: 'The CRM is down. Book something: it still succeeds.' }
        : { tone: 'bad', text: `${back}The CRM is down. ${waiting}.${whatNext}` };
    case 'wrong-token':
      return pending === 0
        ? { tone: 'bad', text: 'The CRM rejects the token. Book something: it still succeeds.' }
        : { tone: 'bad', text: `${back}The CRM rejects the token. ${waiting}, until the token is fixed.` };
    case 'rejecting':
      return dead === 0
        ? { tone: 'bad', text: 'The CRM rejects each notification. Book something: it still succeeds.' }
        : {
            tone: 'bad',
            text: `The CRM rejected ${countText(dead, 'notification')} for good: dead letters, which are kept. Set the CRM to Up, then redeliver.`,
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
        const onTheWay = pending === 1 ? 'it is on its way.' : 'they are on their way.';
        const next = snapshot.delivery?.pauseCause ? 'reconnecting …' : onTheWay;
        return { tone: 'waiting', text: `${back}${waiting}; ${next}` };
      }
      if (dead > 0) {
        const them = dead === 1 ? 'it' : 'them';
        return {
          tone: 'waiting',
          text: `The CRM is fixed. ${countText(dead, 'dead letter')} left: redeliver ${them}.`,
        };
      }
      if (story.areStepsDone)
        return { tone: 'good', text: 'Everything arrived, nothing is missing. You have seen it all.' };
      if (successor) return { tone: 'good', text: words.backAndDone(successor) };
      return story.hasChanged
        ? { tone: 'good', text: 'Everything arrived: each once, and in order for each booking.' }
        : { tone: 'good', text: 'All is well. Book a session, and watch it move to the CRM.' };
  }
}
