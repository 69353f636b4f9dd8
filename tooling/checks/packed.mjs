import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { captured } from '../command.mjs'
import { publicPackages, root } from '../workspace.mjs'

/** Where the tarballs of the last check lie: what `npm publish` would send. */
export const tarballs = join(root, '.cache', 'tarballs')

/**
 * @typedef {{ folder: string, name: string, tarball: string, files: string[] }} Packed a package as it would be published
 */

/**
 * Packs every public package afresh.
 * @returns {Promise<Packed[]>}
 */
export async function packAll() {
  rmSync(tarballs, { recursive: true, force: true })
  mkdirSync(tarballs, { recursive: true })
  const found = publicPackages()
  const flags = found.flatMap(({ manifest }) => ['--workspace', manifest.name])
  const { code, output } = await captured('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    tarballs,
    ...flags,
  ])
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`)
  /** @type {Record<string, any> | any[]} */
  const answer = JSON.parse(output.slice(output.search(/^[[{]/m)))
  return Object.values(answer).map(({ name, filename, files }) => ({
    name,
    folder: found.find(({ manifest }) => manifest.name === name)?.folder ?? name,
    tarball: join(tarballs, filename.replace('@', '').replace('/', '-')),
    files: files.map((/** @type {{ path: string }} */ { path }) => path),
  }))
}
