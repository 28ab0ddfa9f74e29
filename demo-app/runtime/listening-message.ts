/** What a service tells its parent process once it accepts requests. */
export interface ListeningMessage {
  readonly kind: 'listening';
  readonly port: number;
}

export function isListeningMessage(message: unknown): message is ListeningMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'listening';
}
