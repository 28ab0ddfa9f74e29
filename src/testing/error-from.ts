/** What a test's own function has thrown, as an error whatever it was. */
export function errorFrom(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('a function of the test threw what is no error', { cause: thrown });
}
