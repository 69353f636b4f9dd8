import ts from 'typescript'
import { packageSources, root, shown } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'
import { lineOf, parseFile } from './syntax.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */

/**
 * @param {ts.Node} node
 * @returns {boolean}
 */
function hasComment(node) {
  return ts
    .getJSDocCommentsAndTags(node)
    .some((comment) => ts.isJSDoc(comment) && ts.getTextOfJSDocComment(comment.comment))
}

/**
 * @param {ts.Statement} statement
 * @returns {boolean}
 */
function isExported(statement) {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  )
}

/**
 * @param {ts.Statement} statement
 * @returns {string}
 */
function nameOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText()).join(', ')
  const named = /** @type {ts.DeclarationStatement} */ (statement)
  return named.name?.getText() ?? 'default export'
}

/**
 * Exported declarations without a doc comment. An overloaded function needs one, on its first signature.
 * @param {string} [base]
 * @returns {{ findings: Finding[], looked: string }}
 */
export function checkDocumented(base = root) {
  let count = 0
  const findings = packageSources(base).flatMap((path) => {
    const file = parseFile(path)
    /** @type {Set<string>} */
    const explained = new Set()
    return file.statements.filter(isExported).flatMap((statement) => {
      count += 1
      const name = nameOf(statement)
      if (hasComment(statement)) explained.add(name)
      if (explained.has(name)) return []
      return [{ where: `${shown(path, base)}:${lineOf(file, statement)}`, what: `${name} has no doc comment` }]
    })
  })
  return { findings, looked: `${count} exported declarations` }
}

runAsProgram(import.meta.url, () => checkDocumented())
