/** What keeps a program from starting and is for its user to put right: shown as one message, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
