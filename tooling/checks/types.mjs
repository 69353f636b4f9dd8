import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { captured } from '../command.mjs'
import { filesBelow, otherWorkspaces, packages, root, shown } from '../workspace.mjs'

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

/**
 * The projects that are only checked: the root's tests project, and every tsconfig of a workspace and of the tools, but for the
 * packages' builds.
 * @returns {string[]} paths of their tsconfig files
 */
function projects() {
  const folders = [...packages().map(({ directory }) => directory), ...otherWorkspaces(), join(root, 'tooling')]
  const isProject = (/** @type {string} */ path) => /\/tsconfig[^/]*\.json$/.test(path)
  const found = folders.flatMap((folder) => filesBelow(folder, isProject))
  const isBuild = (/** @type {string} */ path) => /^packages\/[^/]+\/tsconfig\.json$/.test(shown(path))
  return [join(root, 'tsconfig.tests.json'), ...found.filter((path) => !isBuild(path))]
}

/**
 * Checks one project and answers the files in it. What it found out is kept for the next time.
 * @param {string} project
 * @returns {Promise<{ code: number, files: string[], said: string }>}
 */
async function checkProject(project) {
  const memory = join(root, '.cache', 'types', `${shown(project).replaceAll('/', '-')}.tsbuildinfo`)
  const flags = ['--noEmit', '--composite', 'false', '--incremental', '--tsBuildInfoFile', memory]
  const { code, output } = await captured(process.execPath, [
    tsc,
    '-p',
    project,
    ...flags,
    '--listFiles',
    '--pretty',
    'false',
  ])
  const lines = output.split('\n').filter((line) => line !== '')
  const isFile = (/** @type {string} */ line) => line.startsWith('/') && existsSync(line)
  return { code, files: lines.filter(isFile), said: lines.filter((line) => !isFile(line)).join('\n') }
}

/**
 * The TypeScript files that some project has to look at: all of ours but the packages' sources, which are the build's.
 * @returns {string[]}
 */
function ours() {
  const isOurs = (/** @type {string} */ path) => /\.m?ts$/.test(path) && !/^packages\/[^/]+\/src\//.test(shown(path))
  return filesBelow(root, isOurs)
}

/**
 * Checks all projects, two at a time: each is one busy process.
 * @param {readonly string[]} all
 */
async function checkAll(all) {
  /** @type {Awaited<ReturnType<typeof checkProject>>[]} */
  const answers = []
  const waiting = [...all.keys()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      answers[next] = await checkProject(all[next] ?? '')
    }
  }
  await Promise.all([work(), work()])
  return answers
}

const all = projects()
const expected = ours()
const answers = await checkAll(all)
const failed = answers.flatMap(({ code, said }, index) => (code === 0 ? [] : [`${shown(all[index] ?? '')}\n${said}`]))
const seen = new Set(answers.flatMap(({ files }) => files))
const missed = expected.filter((path) => !seen.has(path)).map((path) => shown(path))
for (const what of failed) console.log(what)
for (const path of missed) {
  console.log(`${path}  is in no project: include it in tsconfig.tests.json or in its package's own`)
}
const wrong = failed.length + missed.length
const names = all.map((path) => shown(path)).join(', ')
console.log(`${all.length} projects, ${names}: ${wrong === 0 ? 'nothing to object to' : `${wrong} to mend`}`)
process.exitCode = wrong === 0 ? 0 : 1
