import { readFileSync } from 'node:fs'
import ts from 'typescript'

/**
 * The syntax tree of one file, with parent links.
 * @param {string} path
 * @returns {ts.SourceFile}
 */
export function parseFile(path) {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
}

/**
 * Calls `visit` for `node` and everything below it.
 * @param {ts.Node} node
 * @param {(node: ts.Node) => void} visit
 */
export function visitAll(node, visit) {
  visit(node)
  node.forEachChild((child) => visitAll(child, visit))
}

/**
 * The line a node starts on, counted from 1, its doc comment left out.
 * @param {ts.SourceFile} file
 * @param {ts.Node} node
 * @returns {number}
 */
export function lineOf(file, node) {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}
