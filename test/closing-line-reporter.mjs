/**
 * Ends a run with one line for people and machines: `12 passed, 0 failed`. It waits for the end of the process, because
 * jest prints its own summary, and its complaints, after every other reporter.
 *
 * A suite that could not run has no failed test and counts as one failure; so does a run that failed for whatever else.
 */
export default class ClosingLineReporter {
  constructor() {
    process.once('exit', (code) => {
      const failed = code !== 0 && this.failedCount === 0 ? 1 : this.failedCount;
      process.stdout.write(`${this.passedCount} passed, ${failed} failed\n`);
    });
  }

  passedCount = 0;
  failedCount = 0;

  onRunComplete(_contexts, results) {
    this.passedCount = results.numPassedTests;
    this.failedCount = results.numFailedTests + results.numRuntimeErrorTestSuites;
  }
}
