import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import ts from 'typescript'
import { filesBelow, packageSources, packages, root, shown } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'
import { lineOf, parseFile, visitAll } from './syntax.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */

/** What a source file, a function and a folder of packages/ and tooling/ may grow to. */
export const budget = { fileLines: 300, functionLines: 50, parameters: 4, folderDepth: 2, folderFiles: 16 }

/** File and folder names that say nothing about what is inside. */
const drawers = /^(utils?|helpers?|common|shared|misc|lib)(\.m?ts|\.mjs)?$/

/**
 * A function's name, or where it stands when it has none.
 * @param {ts.FunctionLikeDeclaration} node
 * @returns {string}
 */
function nameOf(node) {
  if (node.name) return node.name.getText()
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  const parent = node.parent
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'a function'
}

/**
 * The functions with a body in one file.
 * @param {string} path
 * @returns {{ name: string, line: number, lines: number, parameters: number }[]}
 */
function functionsOf(path) {
  const file = parseFile(path)
  /** @type {ReturnType<typeof functionsOf>} */
  const found = []
  visitAll(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) return
    const line = lineOf(file, node)
    const end = file.getLineAndCharacterOfPosition(node.getEnd()).line + 1
    const parameters = node.parameters.filter((parameter) => parameter.name.getText() !== 'this').length
    found.push({
      name: nameOf(/** @type {ts.FunctionLikeDeclaration} */ (node)),
      line,
      lines: end - line + 1,
      parameters,
    })
  })
  return found
}

/**
 * @param {string} path
 * @param {string} where
 * @returns {Finding[]}
 */
function overgrownFunctions(path, where) {
  return functionsOf(path).flatMap(({ name, line, lines, parameters }) => [
    ...(lines > budget.functionLines
      ? [{ where: `${where}:${line}`, what: `${name} runs ${lines} lines, ${budget.functionLines} allowed` }]
      : []),
    ...(parameters > budget.parameters
      ? [{ where: `${where}:${line}`, what: `${name} takes ${parameters} parameters, ${budget.parameters} allowed` }]
      : []),
  ])
}

/**
 * @param {string} path
 * @param {string} where
 * @returns {Finding[]}
 */
function shapeOf(path, where) {
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n').length - 1
  /** @type {string[]} */
  const objections = []
  if (lines > budget.fileLines) objections.push(`${lines} lines, ${budget.fileLines} allowed`)
  if (drawers.test(basename(path)) || drawers.test(basename(dirname(path))))
    objections.push('a drawer: name the concept')
  if (basename(path) === 'index.ts' && /^export \*/m.test(text)) objections.push('export *: list the names')
  const depth = (where.split('/src/')[1] ?? '').split('/').length - 1
  if (depth > budget.folderDepth) objections.push(`${depth} folders below src/, ${budget.folderDepth} allowed`)
  return objections.map((what) => ({ where, what }))
}

/**
 * Folders of the packages' sources that hold more files than a reader can take in.
 * @param {readonly string[]} sources
 * @param {string} base
 * @returns {Finding[]}
 */
function overfullFolders(sources, base) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const path of sources) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > budget.folderFiles)
    .map(([folder, count]) => ({ where: shown(folder, base), what: `${count} files, ${budget.folderFiles} allowed` }))
}

/**
 * The value below which `share` of the sorted values lie.
 * @param {readonly number[]} values
 * @param {number} share
 * @returns {number}
 */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/**
 * Sizes of the packages' sources and of the tools, held against the budget.
 * @param {string} [base]
 * @returns {{ findings: Finding[], looked: string }}
 */
export function checkBudgets(base = root) {
  const sources = packageSources(base)
  const isTool = (/** @type {string} */ path) => path.endsWith('.mjs')
  const tools = filesBelow(join(base, 'tooling'), isTool)
  const bins = packages(base).flatMap(({ directory }) => filesBelow(join(directory, 'bin'), isTool))
  const all = [...sources, ...tools, ...bins]
  const findings = all.flatMap((path) => {
    const where = shown(path, base)
    return [...shapeOf(path, where), ...overgrownFunctions(path, where)]
  })
  const files = sources.map((path) => readFileSync(path, 'utf8').split('\n').length - 1)
  const functions = sources.flatMap((path) => functionsOf(path).map(({ lines }) => lines))
  const row = (/** @type {number[]} */ values) => [0.5, 0.9, 1].map((share) => quantile(values, share)).join(' / ')
  const looked = `${sources.length} sources, lines median / p90 / max ${row(files)}, functions ${row(functions)}`
  return { findings: [...findings, ...overfullFolders(sources, base)], looked }
}

runAsProgram(import.meta.url, () => checkBudgets())
