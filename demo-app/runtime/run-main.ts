import { StartError } from './start-error.js';

/** Runs a program's main function; whatever it throws is printed and ends the process with exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error);
    // Half-started parts (an open outbox, a listening socket) would keep the process alive.
    process.exit(1);
  }
}
