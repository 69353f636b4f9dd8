import { join } from 'node:path'
import { readJson, root } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */
/**
 * @typedef {object} Locked one package of the lock file
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [inBundle]
 * @property {boolean} [hasInstallScript]
 * @property {Record<string, string>} [optionalDependencies]
 */

/**
 * What keeps `npm ci` from being quiet and the same everywhere: addresses of a registry, packages without a checksum,
 * install scripts nobody decided about.
 * @param {Record<string, Locked>} locked the lock file's `packages`
 * @param {Record<string, boolean>} allowScripts the decisions in package.json, by name or name@version
 * @returns {Finding[]}
 */
export function wrongLocks(locked, allowScripts) {
  return Object.entries(locked).flatMap(([path, entry]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return []
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const decided = name in allowScripts || `${name}@${entry.version}` in allowScripts
    /** @type {string[]} */
    const objections = []
    if (entry.resolved && !entry.link) objections.push(`names its registry: ${entry.resolved}`)
    if (!entry.link && !entry.integrity && !entry.inBundle) objections.push('has no checksum')
    if (entry.hasInstallScript && !decided) objections.push('has an install script: decide in allowScripts')
    return objections.map((what) => ({ where: `package-lock.json ${name}`, what }))
  })
}

/**
 * Optional packages that the lock file leaves out: builds for other systems that could not be found when it was written.
 * `npm ci` refuses such a file wherever it looks for them.
 * @param {Record<string, Locked>} locked
 * @returns {Finding[]}
 */
export function missingOptionals(locked) {
  return Object.entries(locked).flatMap(([path, { optionalDependencies = {} }]) => {
    const folders = path
      .split('/node_modules/')
      .map((_, depth, parts) => parts.slice(0, depth + 1).join('/node_modules/'))
    const isLocked = (/** @type {string} */ name) =>
      [...folders.map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`].some(
        (place) => place in locked,
      )
    return Object.keys(optionalDependencies)
      .filter((name) => !isLocked(name))
      .map((name) => ({
        where: `package-lock.json ${path}`,
        what: `${name} is missing: choose a version that has all its builds`,
      }))
  })
}

runAsProgram(import.meta.url, () => {
  const { packages: locked } = readJson(join(root, 'package-lock.json'))
  const { allowScripts } = readJson(join(root, 'package.json'))
  return {
    findings: [...wrongLocks(locked, allowScripts), ...missingOptionals(locked)],
    looked: `${Object.keys(locked).length} locked packages`,
  }
})
