/** A reason not to start that the user can fix: printed as one message, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Runs a program's main function. Prints what it throws, and ends the process with exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error);
    // Half-started parts (an open outbox, a listening socket) would keep the process alive.
    process.exit(1);
  }
}
