import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages, readJson, root } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'

/** @typedef {import('./findings.mjs').Finding} Finding */

/**
 * What is wrong with one pending note.
 * @param {string} text
 * @param {readonly string[]} names the public packages
 * @returns {string[]}
 */
export function wrongNote(text, names) {
  const [, front, said] = /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(text) ?? []
  if (front === undefined) return ['has no front matter']
  const wrong = front
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const [, name = '', bump] = /^['"]?([^'":]+)['"]?:\s*(\w+)\s*$/.exec(line) ?? []
      if (!names.includes(name)) return [`names no public package: ${line}`]
      return /^(major|minor|patch)$/.test(bump ?? '') ? [] : [`is neither major, minor nor patch: ${line}`]
    })
  return said?.trim() === '' ? [...wrong, 'says nothing'] : wrong
}

/**
 * The release configuration and the pending notes: one version line for every public package, no private one in it.
 * @param {string} [base]
 * @returns {{ findings: Finding[], looked: string }}
 */
export function checkChangesets(base = root) {
  const folder = join(base, '.changeset')
  const { fixed } = readJson(join(folder, 'config.json'))
  const known = packages(base).filter(({ manifest }) => manifest.private !== true)
  const names = known.map(({ manifest }) => manifest.name)
  /** @type {string[]} */
  const group = fixed[0] ?? []
  const where = '.changeset/config.json'
  /** @type {Finding[]} */
  const findings = [
    ...names
      .filter((name) => !group.includes(name))
      .map((name) => ({ where, what: `${name} is not in the fixed group` })),
    ...group.filter((name) => !names.includes(name)).map((name) => ({ where, what: `${name} is no public package` })),
    ...known
      .filter(({ manifest }) => manifest.version !== known[0]?.manifest.version)
      .map(({ manifest }) => ({ where: manifest.name, what: `is at ${manifest.version}, the others are not` })),
  ]
  const notes = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md')
    : []
  for (const note of notes) {
    const wrong = wrongNote(readFileSync(join(folder, note), 'utf8'), names)
    findings.push(...wrong.map((what) => ({ where: `.changeset/${note}`, what })))
  }
  return { findings, looked: `${names.length} public packages, ${notes.length} pending notes` }
}

runAsProgram(import.meta.url, () => checkChangesets())
