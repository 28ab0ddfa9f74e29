/**
 * Thrown by a handler that will never take a notification: the response is 422, and the sender does not try again but keeps a
 * dead letter, which can be redelivered. The message is sent to the sender as the reason, so leave out what is personal.
 *
 * @example
 * throw new NotificationRejectedError('there is no such session');
 */
export class NotificationRejectedError extends Error {
  override readonly name = 'NotificationRejectedError';
}
