// Answers one benchmark question: npm run bench -- QUESTION [--json]. Without a question it lists them.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runSource } from './run-source.mjs'
import { filesBelow, root } from './workspace.mjs'

const benchmarks = join(root, 'benchmarks')
const isQuestion = (/** @type {string} */ path) => path.endsWith('.ts') && join(benchmarks, basename(path)) === path
const questions = filesBelow(benchmarks, isQuestion).map((path) => basename(path, '.ts'))
const [question, ...args] = process.argv.slice(2)

if (question !== undefined && !question.startsWith('-') && existsSync(join(benchmarks, `${question}.ts`))) {
  process.exitCode = await runSource(join('benchmarks', `${question}.ts`), args)
} else {
  if (question !== undefined) console.error(`no question ${question}`)
  console.error(`npm run bench -- QUESTION [--json]\nQuestions: ${questions.join(', ') || 'none yet'}`)
  process.exitCode = question === undefined ? 0 : 2
}
