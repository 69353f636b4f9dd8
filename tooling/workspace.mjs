import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

/** The repository's root folder. */
export const root = resolve(import.meta.dirname, '..')

/**
 * @typedef {object} Manifest what the tools read of a package.json
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, Record<string, string>>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

/** @typedef {{ folder: string, directory: string, manifest: Manifest }} Package one folder of packages/ */

/**
 * The packages below `base`, by folder name.
 * @param {string} [base]
 * @returns {Package[]}
 */
export function packages(base = root) {
  const parent = join(base, 'packages')
  return readdirSync(parent)
    .sort()
    .map((folder) => ({ folder, directory: join(parent, folder) }))
    .filter(({ directory }) => existsSync(join(directory, 'package.json')))
    .map((found) => ({ ...found, manifest: readJson(join(found.directory, 'package.json')) }))
}

/**
 * The workspaces that are not packages: examples, benchmarks, instruments.
 * @param {string} [base]
 * @returns {string[]} their folders
 */
export function otherWorkspaces(base = root) {
  /** @type {string[]} */
  const patterns = readJson(join(base, 'package.json')).workspaces
  return patterns
    .filter((pattern) => pattern !== 'packages/*')
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [join(base, pattern)]
      const parent = join(base, pattern.slice(0, -2))
      return existsSync(parent) ? readdirSync(parent).map((folder) => join(parent, folder)) : []
    })
    .filter((folder) => existsSync(join(folder, 'package.json')))
}

/** The packages that are published. */
export function publicPackages() {
  return packages().filter(({ manifest }) => manifest.private !== true)
}

/**
 * @param {string} path
 * @returns {any} whatever the file holds
 */
export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

const skipped = new Set(['node_modules', 'dist', 'site', 'coverage'])

/**
 * Every file below `directory` that `accept` takes, dependencies, build output and dot folders left out.
 * @param {string} directory
 * @param {(path: string) => boolean} accept
 * @returns {string[]} absolute paths, sorted
 */
export function filesBelow(directory, accept) {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((item) => {
      const path = join(directory, item.name)
      if (item.isDirectory()) return skipped.has(item.name) || item.name.startsWith('.') ? [] : filesBelow(path, accept)
      return item.isFile() && accept(path) ? [path] : []
    })
    .sort()
}

/**
 * The TypeScript sources of every package, tests left out.
 * @param {string} [base]
 * @returns {string[]}
 */
export function packageSources(base = root) {
  return packages(base).flatMap(({ directory }) => filesBelow(join(directory, 'src'), (path) => path.endsWith('.ts')))
}

/**
 * A path as people write it: from the root, with forward slashes.
 * @param {string} path
 * @param {string} [base]
 * @returns {string}
 */
export function shown(path, base = root) {
  return relative(base, path).replaceAll('\\', '/')
}
