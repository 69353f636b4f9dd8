import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { captured } from '../command.mjs'
import { publicPackages } from '../workspace.mjs'

/**
 * @typedef {object} Packed a package as it would be published
 * @property {string} name
 * @property {string} tarball absolute path
 * @property {string[]} files what is in it
 */

/** A new folder outside of the repository, gone when the process ends. */
export function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'granary-check-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Packs every public package: what `npm publish` would send.
 * @returns {Promise<Packed[]>}
 */
export async function packAll() {
  const folder = scratchFolder()
  const workspaces = publicPackages().flatMap(({ manifest }) => ['--workspace', manifest.name])
  const flags = ['--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder]
  const { code, output } = await captured('npm', ['pack', ...flags, ...workspaces])
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`)
  /** @type {Record<string, any> | any[]} */
  const answer = JSON.parse(output.slice(output.search(/^[[{]/m)))
  return Object.values(answer).map(({ name, filename, files }) => ({
    name,
    tarball: join(folder, filename.replace('@', '').replace('/', '-')),
    files: files.map((/** @type {{ path: string }} */ { path }) => path),
  }))
}
