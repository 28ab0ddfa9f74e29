import { InvalidArgumentError } from 'commander';

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** The id of a notification as an argument: a UUID, and above all no word such as `all`. */
export function notificationId(text: string): string {
  const id = text.toLowerCase();
  if (uuid.test(id)) return id;
  throw new InvalidArgumentError('Give the id of a notification, as crm-notifier outbox list shows it.');
}

/** Several of them, each once. */
export function notificationIds(text: string, before: readonly string[] = []): readonly string[] {
  const id = notificationId(text);
  return before.includes(id) ? before : [...before, id];
}
