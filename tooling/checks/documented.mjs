import { existsSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { filesBelow, packages, root, shown } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'
import { lineOf, parseFile } from './syntax.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */

/** Interfaces that users fill in: each of their members says its unit, its default and what follows from it. */
const filledIn = /(Options|Policy|Settings)$/

/**
 * @param {ts.Node} node
 * @returns {boolean}
 */
function hasComment(node) {
  const comments = ts.getJSDocCommentsAndTags(node)
  return comments.some((comment) => ts.isJSDoc(comment) && ts.getTextOfJSDocComment(comment.comment))
}

/**
 * @param {ts.Statement} statement
 * @returns {boolean}
 */
function isExported(statement) {
  if (!ts.canHaveModifiers(statement)) return false
  return (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
}

/**
 * @param {ts.Statement} statement
 * @returns {string}
 */
function nameOf(statement) {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText()).join(', ')
  }
  const named = /** @type {ts.DeclarationStatement} */ (statement)
  return named.name?.getText() ?? 'default export'
}

/**
 * The names that a package's entry points list.
 * @param {import('../workspace.mjs').Package} owner
 * @returns {Set<string>}
 */
function publicNames({ directory, manifest }) {
  const entries = Object.values(manifest.exports ?? {}).flatMap((target) => target['@granary/source'] ?? [])
  const statements = entries
    .map((entry) => join(directory, entry))
    .filter((path) => existsSync(path))
    .flatMap((path) => [...parseFile(path).statements])
  const lists = statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return isExported(statement) ? [nameOf(statement)] : []
    const clause = statement.exportClause
    return clause && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : []
  })
  return new Set(lists)
}

/**
 * The members without a doc comment of an interface that users fill in.
 * @param {ts.Statement} statement
 * @param {ReadonlySet<string>} names what the package offers
 * @returns {ts.TypeElement[]}
 */
function silentMembers(statement, names) {
  if (!ts.isInterfaceDeclaration(statement)) return []
  const name = statement.name.text
  return filledIn.test(name) && names.has(name) ? statement.members.filter((member) => !hasComment(member)) : []
}

/**
 * What one file leaves unexplained.
 * @param {string} path
 * @param {ReadonlySet<string>} names what the package offers
 * @returns {{ line: number, name: string }[]}
 */
function unexplained(path, names) {
  const file = parseFile(path)
  /** @type {Set<string>} */
  const explained = new Set()
  return file.statements.filter(isExported).flatMap((statement) => {
    const name = nameOf(statement)
    if (hasComment(statement)) explained.add(name)
    const silent = silentMembers(statement, names).map((member) => ({
      line: lineOf(file, member),
      name: `${name}.${member.name?.getText()}`,
    }))
    return explained.has(name) ? silent : [{ line: lineOf(file, statement), name }, ...silent]
  })
}

/**
 * Exported declarations without a doc comment, and members of public options without one. An overloaded function needs one,
 * on its first signature.
 * @param {string} [base]
 * @returns {{ findings: Finding[], looked: string }}
 */
export function checkDocumented(base = root) {
  const looked = packages(base).map((owner) => ({
    names: publicNames(owner),
    sources: filesBelow(join(owner.directory, 'src'), (path) => path.endsWith('.ts')),
  }))
  const findings = looked.flatMap(({ names, sources }) =>
    sources.flatMap((path) =>
      unexplained(path, names).map(({ line, name }) => ({
        where: `${shown(path, base)}:${line}`,
        what: `${name} has no doc comment`,
      })),
    ),
  )
  const count = looked.reduce((sum, { names }) => sum + names.size, 0)
  return { findings, looked: `${looked.flatMap(({ sources }) => sources).length} files, ${count} public names` }
}

runAsProgram(import.meta.url, () => checkDocumented())
