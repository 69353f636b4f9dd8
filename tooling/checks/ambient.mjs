import { basename } from 'node:path'
import ts from 'typescript'
import { packageSources, root, shown } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'
import { lineOf, parseFile, visitAll } from './syntax.mjs'

/** Where time and chance come in: everything else receives a Clock or a Random. */
const doors = ['clock.ts', 'random.ts']

/** Packages whose trade is real processes and sockets: they wait in real time, yet roll no dice. */
const realTime = ['packages/testing/src/']

const clocks = ['Date.now', 'performance.now', 'process.hrtime', 'AbortSignal.timeout']
const timers = ['setTimeout', 'setInterval']
const chances = ['Math.random']

/**
 * The ambient time or chance that a node uses, if any.
 * @param {ts.Node} node
 * @returns {{ name: string, kind: 'time' | 'chance' } | undefined}
 */
function ambient(node) {
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText().replace(/^globalThis\./, '')
    if (chances.includes(name)) return { name, kind: 'chance' }
    if (clocks.includes(name) || timers.includes(name)) return { name, kind: 'time' }
  }
  if (ts.isIdentifier(node) && timers.includes(node.text) && isValue(node)) return { name: node.text, kind: 'time' }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) {
    return { name: 'new Date()', kind: 'time' }
  }
  if (
    ts.isImportDeclaration(node) &&
    /^(node:)?timers(\/promises)?$/.test(node.moduleSpecifier.getText().slice(1, -1))
  ) {
    return { name: node.moduleSpecifier.getText(), kind: 'time' }
  }
  return undefined
}

/**
 * Whether a name is read here, called or passed on, rather than declared or used as a key or a type.
 * @param {ts.Identifier} node
 * @returns {boolean}
 */
function isValue(node) {
  const parent = node.parent
  if (ts.isCallExpression(parent) || ts.isBinaryExpression(parent) || ts.isConditionalExpression(parent)) return true
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isParameter(parent))
    return parent.initializer === node
  return ts.isShorthandPropertyAssignment(parent) || ts.isReturnStatement(parent) || ts.isArrowFunction(parent)
}

/**
 * Uses of the machine's clock, timers and dice in the packages' sources, outside the files that are there for it.
 * @param {string} [base]
 * @returns {{ findings: import('./findings.mjs').Finding[], looked: string }}
 */
export function checkAmbient(base = root) {
  const sources = packageSources(base).filter((path) => !doors.includes(basename(path)))
  const findings = sources.flatMap((path) => {
    const mayWait = realTime.some((prefix) => shown(path, base).startsWith(prefix))
    const file = parseFile(path)
    /** @type {import('./findings.mjs').Finding[]} */
    const found = []
    visitAll(file, (node) => {
      const use = ambient(node)
      if (!use || (use.kind === 'time' && mayWait)) return
      const where = `${shown(path, base)}:${lineOf(file, node)}`
      found.push({ where, what: `${use.name}: take a ${use.kind === 'time' ? 'Clock' : 'Random'} instead` })
    })
    return found
  })
  return { findings, looked: `${sources.length} files` }
}

runAsProgram(import.meta.url, () => checkAmbient())
