// Sets up what the tests need, runs them all, and closes with one plain line. Arguments go to Vitest.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attached } from './command.mjs'
import { root, shown } from './workspace.mjs'

const report = join(root, '.cache', 'test-report.json')
const passed = process.argv.slice(2)

/**
 * @typedef {object} Report what Vitest's JSON report says of a run
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ name: string, status: string, assertionResults: unknown[] }[]} testResults
 */

/** Installs what is missing; answers an exit code. */
async function setUp() {
  if (!existsSync(join(root, 'node_modules', 'vitest'))) {
    console.log('The dependencies are not installed: running npm ci.')
    const code = await attached('npm', ['ci'])
    if (code !== 0) return code
  }
  return attached(process.execPath, [join(root, 'packages', 'testing', 'bin', 'ensure-redis.mjs')])
}

/**
 * The closing line, and whether the report itself is a reason to fail: no test ran, or some were skipped although all were asked for.
 * @param {Report} read
 * @returns {{ line: string, wrong: string | undefined }}
 */
function closing(read) {
  const broken = read.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  for (const { name } of broken) console.log(`did not load: ${shown(name)}`)
  const failed = read.numFailedTests + broken.length
  const skipped = read.numPendingTests + read.numTodoTests
  const line = `tests: ${read.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  if (read.numPassedTests + failed === 0) return { line, wrong: 'no test ran' }
  return {
    line,
    wrong: skipped > 0 && passed.length === 0 ? 'a test was skipped: a missing part is a failure here' : undefined,
  }
}

/**
 * Runs Vitest and prints the closing line; answers the exit code.
 * @returns {Promise<number>}
 */
async function runTests() {
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await attached(process.execPath, [vitest, 'run', ...reporters, ...passed])
  if (!existsSync(report)) return code === 0 ? 1 : code
  const { line, wrong } = closing(JSON.parse(readFileSync(report, 'utf8')))
  if (wrong !== undefined) console.log(`npm test: ${wrong}`)
  else if (code !== 0 && line.includes(' 0 failed'))
    console.log('npm test: the runner failed outside of a test, see above')
  console.log(line)
  return code === 0 && wrong !== undefined ? 1 : code
}

const ready = await setUp()
process.exitCode = ready === 0 ? await runTests() : ready
