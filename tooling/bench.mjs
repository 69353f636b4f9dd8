// Answers one benchmark question: npm run bench -- QUESTION [--json]. Without a question it lists them.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { attached } from './command.mjs'
import { filesBelow, root } from './workspace.mjs'

const benchmarks = join(root, 'benchmarks')
const isQuestion = (/** @type {string} */ path) => path.endsWith('.ts') && join(benchmarks, basename(path)) === path
const questions = filesBelow(benchmarks, isQuestion).map((path) => basename(path, '.ts'))
const [question, ...args] = process.argv.slice(2)

if (question !== undefined && !question.startsWith('-') && existsSync(join(benchmarks, `${question}.ts`))) {
  process.exitCode = await answer(join(benchmarks, `${question}.ts`))
} else {
  if (question !== undefined) console.error(`no question ${question}`)
  console.error(`npm run bench -- QUESTION [--json]\nQuestions: ${questions.join(', ') || 'none yet'}`)
  process.exitCode = question === undefined ? 0 : 2
}

/**
 * Runs a question against the built packages: what is measured is what is published, not what a loader makes of the sources.
 * @param {string} program
 * @returns {Promise<number>}
 */
async function answer(program) {
  const built = await attached(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', root])
  return built === 0 ? attached(process.execPath, ['--expose-gc', '--import=tsx', program, ...args]) : built
}
