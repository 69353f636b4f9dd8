import { join } from 'node:path'
import { readJson, root } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */
/** @typedef {{ resolved?: string, link?: boolean, hasInstallScript?: boolean, version?: string, integrity?: string, inBundle?: boolean }} Locked */

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

runAsProgram(import.meta.url, () => {
  const { packages: locked } = readJson(join(root, 'package-lock.json'))
  const { allowScripts } = readJson(join(root, 'package.json'))
  return { findings: wrongLocks(locked, allowScripts), looked: `${Object.keys(locked).length} locked packages` }
})
