// Sets up what the tests need, runs them all, and closes with one plain line. Arguments go to Vitest.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { closingOf } from './closing-line.mjs'
import { attached } from './command.mjs'
import { root, shown } from './workspace.mjs'

const report = join(root, '.cache', 'test-report.json')
const args = process.argv.slice(2)

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
 * Runs Vitest and prints the closing line; answers the exit code.
 * @returns {Promise<number>}
 */
async function runTests() {
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await attached(process.execPath, [vitest, 'run', ...reporters, ...args])
  if (!existsSync(report)) return code === 0 ? 1 : code
  const { line, broken, wrong } = closingOf(JSON.parse(readFileSync(report, 'utf8')), args.length === 0)
  for (const path of broken) console.log(`did not load: ${shown(path)}`)
  if (wrong !== undefined) console.log(`npm test: ${wrong}`)
  else if (code !== 0 && line.includes(' 0 failed'))
    console.log('npm test: the runner failed outside of a test, see above')
  console.log(line)
  return code === 0 && wrong !== undefined ? 1 : code
}

const ready = await setUp()
process.exitCode = ready === 0 ? await runTests() : ready
