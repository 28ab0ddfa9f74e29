import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
type MaybeTerminal<Stream> = Stream & { readonly isTTY?: boolean | undefined };

/** All that a command has of the world around it. */
export interface CliContext {
  readonly stdin: MaybeTerminal<Readable>;
  readonly stdout: MaybeTerminal<Writable>;
  readonly stderr: MaybeTerminal<Writable>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the process is asked to stop; its reason is the signal's name. */
  readonly stop: AbortSignal;
}
