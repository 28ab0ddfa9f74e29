/** What a service tells its parent process once it accepts requests. */
export interface ListeningMessage {
  readonly kind: 'listening';
  readonly port: number;
  /** Of the CRM service: where the demo's page switches it and reads its inbox. */
  readonly controlPort?: number | undefined;
}

export function isListeningMessage(message: unknown): message is ListeningMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'listening';
}
