import type { NotificationView } from '../api-contract.js';
import type { LetterKey } from './api-client.js';
import { curlText } from './curl-text.js';
import { make, setText } from './element.js';
import { makeNotificationButton } from './notification-button.js';

export interface RequestActions {
  readonly copy: (text: string) => void;
  /** The body, with its values if `isRevealed`. */
  readonly showBody: (letter: LetterKey, isRevealed: boolean) => Promise<string>;
}

type Request = NotificationView['requests'][number];

/** The request of a notification as a command, and its body where it may be shown. It stays while the rest of the view changes. */
export interface RequestPart {
  readonly element: HTMLElement;
  /** The next attempt makes another request than the one before it: a header has its number. */
  show(request: Request): void;
}

export function createRequestPart(letter: LetterKey, hasBodies: boolean, actions: RequestActions): RequestPart {
  const command = make('code', '');
  const copy = makeNotificationButton('Copy as curl', () => {
    actions.copy(command.textContent);
  });
  const element = make(
    'details',
    'request',
    make('summary', '', 'Request'),
    makeBox('Request as a command of curl', command),
    make('div', 'letter-actions', copy),
  );
  let latest: Request | undefined;
  /** The body with its values, while they are shown. */
  let revealed: string | undefined;
  const showCommand = (): void => {
    if (latest !== undefined) setText(command, curlText(latest, revealed));
  };
  if (hasBodies) {
    const body = makeBox('Body', 'Loading …');
    const showBody = async (isRevealed: boolean): Promise<void> => {
      try {
        const text = await actions.showBody(letter, isRevealed);
        revealed = isRevealed ? text : undefined;
        body.textContent = isRevealed ? indented(text) : text;
        setText(word, isRevealed ? 'Hide values' : 'Show values');
        showCommand();
      } catch {
        body.textContent = 'The body could not be read.';
      }
    };
    const word = make('span', '', 'Show values');
    const reveal = makeNotificationButton(word, () => void showBody(revealed === undefined));
    element.append(make('h4', '', 'Body'), body, make('div', 'letter-actions', reveal));
    element.addEventListener('toggle', () => void showBody(false), { once: true });
  }
  return {
    element,
    show(request) {
      latest = request;
      showCommand();
    },
  };
}

/** JSON in lines for people; the command has it as it is posted. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What may be wider than the page: it can be scrolled by keyboard. */
function makeBox(name: string, content: Node | string): HTMLElement {
  const box = make('pre', 'code scroll', content);
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', name);
  return box;
}
