/**
 * @typedef {object} Report what Vitest's JSON report says of a run
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ name: string, status: string, assertionResults: unknown[] }[]} testResults
 */

/** @typedef {{ line: string, broken: string[], wrong: string | undefined }} Closing */

/**
 * How a test run closes: one plain line, the files that did not load (each counts as a failure), and what is wrong with the
 * run although the runner itself may be content: no test ran, or some were skipped although all were asked for.
 * @param {Report} report
 * @param {boolean} everything whether all tests were asked for
 * @returns {Closing}
 */
export function closingOf(report, everything) {
  const broken = report.testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name }) => name)
  const failed = report.numFailedTests + broken.length
  const skipped = report.numPendingTests + report.numTodoTests
  const line = `tests: ${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  if (report.numPassedTests + failed === 0) return { line, broken, wrong: 'no test ran' }
  const wrong = skipped > 0 && everything ? 'a test was skipped: what is missing is a failure here' : undefined
  return { line, broken, wrong }
}
