// What a reviewer would do, in one command. Each step runs whatever became of the others; any failed step fails the whole.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { captured } from './command.mjs'
import { root } from './workspace.mjs'

const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name)
const node = (/** @type {string[]} */ ...args) => ({ program: process.execPath, args })
const check = (/** @type {string} */ name) => node(join(root, 'tooling', 'checks', `${name}.mjs`))

/**
 * @typedef {object} Step one thing a reviewer would look at
 * @property {string} name
 * @property {string} what
 * @property {string} program
 * @property {string[]} args
 */

/** @type {readonly Step[]} */
const steps = [
  {
    name: 'lint',
    what: 'Biome: lint rules and formatting',
    program: bin('biome'),
    args: ['check', '--error-on-warnings', '.'],
  },
  {
    name: 'build',
    what: 'tsc -b of every package, through Turborepo',
    program: bin('turbo'),
    args: ['run', 'build', '--ui=stream', '--output-logs=errors-only'],
  },
  { name: 'types', what: 'tests, examples, benchmarks, tools; both decorator modes', ...check('types') },
  {
    name: 'imports',
    what: 'arrows between packages, layers inside core, cycles; type imports too',
    ...check('imports'),
  },
  { name: 'ambient', what: 'time and chance come in by clock.ts and random.ts only', ...check('ambient') },
  { name: 'budgets', what: 'sizes of files, functions and folders', ...check('budgets') },
  { name: 'documented', what: 'every exported declaration has a doc comment', ...check('documented') },
  {
    name: 'unused',
    what: 'knip: code, exports and dependencies nobody uses',
    program: bin('knip'),
    args: ['--no-progress', '--no-config-hints'],
  },
  { name: 'lockfile', what: 'no registry host, checksums, install scripts decided', ...check('lockfile') },
  { name: 'changesets', what: 'one version line for all public packages; the pending notes', ...check('changesets') },
  { name: 'packaging', what: 'publint and attw on the packed tarballs', ...check('packaging') },
  {
    name: 'entry-points',
    what: 'import and require of the built packages; core without its client',
    ...check('entry-points'),
  },
  { name: 'links', what: 'links between the pages, and to the files', ...check('links') },
  { name: 'docs', what: 'the TypeDoc site, without a warning', ...node(join(root, 'tooling', 'docs.mjs')) },
]

/**
 * The steps asked for by name, or all of them.
 * @param {readonly string[]} names
 * @returns {readonly Step[]}
 */
function chosen(names) {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    console.error(`no step ${unknown.join(', ')}. Steps: ${steps.map(({ name }) => name).join(', ')}`)
    process.exit(2)
  }
  return names.length === 0 ? steps : steps.filter(({ name }) => names.includes(name))
}

/**
 * Runs one step, prints its verdict, its time and, when it failed, all it said.
 * @param {Step} step
 * @returns {Promise<boolean>} whether it passed
 */
async function passes(step) {
  const began = performance.now()
  const { code, output } = await captured(step.program, step.args, {
    env: { TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name.padEnd(13)}${seconds} s  ${step.what}`)
  const said = output.trimEnd()
  if (code !== 0) console.log(said === '' ? `       exit code ${code}` : said.replace(/^/gm, '       '))
  return code === 0
}

const began = performance.now()
const wanted = chosen(process.argv.slice(2))
/** @type {string[]} */
const failed = []
for (const step of wanted) if (!(await passes(step))) failed.push(step.name)
const seconds = ((performance.now() - began) / 1000).toFixed(0)
const verdict = failed.length === 0 ? 'ok' : `failed (${failed.join(', ')})`
console.log(`check: ${verdict} steps=${wanted.length} failed=${failed.length} seconds=${seconds}`)
process.exitCode = failed.length === 0 ? 0 : 1
