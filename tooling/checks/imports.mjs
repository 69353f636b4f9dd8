import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'
import { filesBelow, otherWorkspaces, packages, root, shown } from '../workspace.mjs'
import { mayKnowClient, reachable, wrongArrow, wrongLayer } from './arrows.mjs'
import { findCycles } from './cycles.mjs'
import { runAsProgram } from './findings.mjs'
import { lineOf, parseFile, visitAll } from './syntax.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */
/** @typedef {{ specifier: string, line: number }} Import */
/** @typedef {{ path: string, package: import('../workspace.mjs').Package | undefined, imports: Import[] }} Source */

/**
 * Everything a file imports: statements, re-exports, `import()`, `require()` and import types.
 * @param {string} path
 * @returns {Import[]}
 */
export function readImports(path) {
  const file = parseFile(path)
  /** @type {Import[]} */
  const found = []
  visitAll(file, (node) => {
    const name = importedName(node)
    if (name && ts.isStringLiteralLike(name)) found.push({ specifier: name.text, line: lineOf(file, node) })
  })
  return found
}

/**
 * @param {ts.Node} node
 * @returns {ts.Node | undefined}
 */
function importedName(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  if (ts.isCallExpression(node)) {
    const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require'
    return loads ? node.arguments[0] : undefined
  }
  return undefined
}

/**
 * What is wrong with the imports below `base`: arrows between packages, layers inside core, paths that leave their package, cycles.
 * @param {string} [base] a repository's root
 * @returns {{ findings: Finding[], looked: string }}
 */
export function checkImports(base = root) {
  const known = packages(base)
  const isSource = (/** @type {string} */ path) => /\.m?ts$/.test(path)
  const inPackages = known.flatMap((owner) =>
    filesBelow(owner.directory, isSource).map((path) => ({ path, package: owner, imports: readImports(path) })),
  )
  const outside = [...otherWorkspaces(base), join(base, 'tooling')].flatMap((folder) =>
    filesBelow(folder, isSource).map((path) => ({ path, package: undefined, imports: readImports(path) })),
  )
  const sources = [...inPackages, ...outside]
  const findings = [
    ...sources.flatMap((source) => wrongImports(source, known, base)),
    ...cyclesOf(sources, known, base),
  ]
  return { findings, looked: `${sources.length} files, ${sources.flatMap(({ imports }) => imports).length} imports` }
}

/**
 * @param {Source} source
 * @param {readonly import('../workspace.mjs').Package[]} known
 * @param {string} base
 * @returns {Finding[]}
 */
function wrongImports(source, known, base) {
  return source.imports.flatMap(({ specifier, line }) => {
    const what = specifier.startsWith('.')
      ? wrongRelative(source, specifier, base)
      : wrongName(source, specifier, known, base)
    return what === undefined
      ? []
      : [{ where: `${shown(source.path, base)}:${line}`, what: `${what} ('${specifier}')` }]
  })
}

/**
 * @param {Source} source
 * @param {string} specifier
 * @param {string} base
 * @returns {string | undefined}
 */
function wrongRelative(source, specifier, base) {
  const target = resolve(dirname(source.path), specifier)
  const owner = source.package
  if (!owner) {
    const mayReach = !target.startsWith(`${join(base, 'packages')}/`) || looksInside(source.path, base)
    return mayReach ? undefined : 'reaches into a package: import it by name'
  }
  if (!target.startsWith(`${owner.directory}/`)) {
    return sharesTests(source, target, base) || usesTooling(source, target, base) ? undefined : 'leaves its package'
  }
  const src = `${join(owner.directory, 'src')}/`
  if (!source.path.startsWith(src)) return undefined
  if (target.startsWith(`${join(owner.directory, 'bin')}/`)) return undefined
  if (!target.startsWith(src)) return 'leaves src/'
  return owner.folder === 'core' ? wrongLayer(source.path.slice(src.length), target.slice(src.length)) : undefined
}

/**
 * Whether a test takes a table of cases from the tests of a package that its own package may import.
 * @param {Source} source
 * @param {string} target
 * @param {string} base
 * @returns {boolean}
 */
function sharesTests({ path, package: owner }, target, base) {
  const [folder = '', part] = shown(target, join(base, 'packages')).split('/')
  const isTest = owner !== undefined && path.startsWith(`${join(owner.directory, 'test')}/`)
  return isTest && part === 'test' && reachable(owner.folder).has(folder)
}

/**
 * Whether it is a package's Vitest configuration that uses a tool of the repository: it is not published.
 * @param {Source} source
 * @param {string} target
 * @param {string} base
 * @returns {boolean}
 */
function usesTooling({ path, package: owner }, target, base) {
  const isConfiguration = owner !== undefined && path === join(owner.directory, 'vitest.config.ts')
  return isConfiguration && target.startsWith(`${join(base, 'tooling')}/`)
}

/**
 * Whether a file belongs to the instruments that run the packages' inner parts, their scripts among them, under a model.
 * @param {string} path
 * @param {string} base
 * @returns {boolean}
 */
function looksInside(path, base) {
  return path.startsWith(`${join(base, 'verification')}/`)
}

/**
 * @param {Source} source
 * @param {string} specifier
 * @param {readonly import('../workspace.mjs').Package[]} known
 * @param {string} base
 * @returns {string | undefined}
 */
function wrongName(source, specifier, known, base) {
  const owner = source.package
  if (!owner) return undefined
  const path = shown(source.path, join(base, 'packages'))
  const part = path.split('/')[1] ?? ''
  if (/^ioredis(\/|$)/.test(specifier) && part === 'src' && !mayKnowClient(path)) {
    return "the Redis client is known in core/src/redis/ and the limiter's store/client.ts only"
  }
  const target = known.find(({ manifest }) => specifier === manifest.name || specifier.startsWith(`${manifest.name}/`))
  if (part === 'src' && target !== owner && !isDeclared(specifier, owner.manifest)) {
    return 'is in neither dependencies nor peerDependencies: users will not have it'
  }
  return target ? wrongArrow({ from: owner.folder, part, path, to: target.folder }) : undefined
}

/**
 * Whether what a specifier names comes with Node or is installed with the package.
 * @param {string} specifier
 * @param {import('../workspace.mjs').Manifest} manifest
 * @returns {boolean}
 */
function isDeclared(specifier, { dependencies = {}, peerDependencies = {} }) {
  if (isBuiltin(specifier)) return true
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return name in dependencies || name in peerDependencies
}

/**
 * @param {readonly Source[]} sources
 * @param {readonly import('../workspace.mjs').Package[]} known
 * @param {string} base
 * @returns {Finding[]}
 */
function cyclesOf(sources, known, base) {
  const edges = new Map(
    sources.map(({ path, imports }) => [path, imports.flatMap(({ specifier }) => targetOf(path, specifier, known))]),
  )
  return findCycles(edges).map((cycle) => ({
    where: shown(cycle[0] ?? '', base),
    what: `import cycle of ${cycle.length}: ${cycle.map((path) => shown(path, base)).join(', ')}`,
  }))
}

/**
 * The file of ours that a specifier means, if any.
 * @param {string} from
 * @param {string} specifier
 * @param {readonly import('../workspace.mjs').Package[]} known
 * @returns {string[]} none or one
 */
function targetOf(from, specifier, known) {
  if (specifier.startsWith('.')) {
    const path = resolve(dirname(from), specifier)
    return existsSync(path) ? [path] : []
  }
  const owner = known.find(({ manifest }) => specifier === manifest.name || specifier.startsWith(`${manifest.name}/`))
  const entry = owner?.manifest.exports?.[`.${specifier.slice(owner.manifest.name.length)}`]?.['@granary/source']
  return owner && entry ? [join(owner.directory, entry)] : []
}

runAsProgram(import.meta.url, () => checkImports())
