/** What a command expects to go wrong: its message is all that is shown. */
export class CliFailure extends Error {
  /** Stable and meant for programs. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** The command line itself is wrong: shown with the command's usage. */
export class UsageFailure extends Error {}

/** The process was asked to stop while a command waited for something. */
export class Interrupted extends Error {}
