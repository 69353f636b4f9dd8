import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { captured } from '../command.mjs'
import { readJson, root } from '../workspace.mjs'
import { packAll, scratchFolder } from './packed.mjs'

/**
 * Lays out a project that installed the packed packages: their files unpacked, and of everything else only what they say they
 * depend on, linked from ours.
 * @returns {Promise<{ folder: string, packed: import('./packed.mjs').Packed[] }>}
 */
export async function layOutConsumer() {
  const packed = await packAll()
  const folder = scratchFolder()
  const modules = join(folder, 'node_modules')
  for (const { name, tarball } of packed) {
    const into = join(modules, name)
    mkdirSync(into, { recursive: true })
    const { code, output } = await captured('tar', ['-xzf', tarball, '-C', into, '--strip-components=1'])
    if (code !== 0) throw new Error(output)
  }
  for (const { name } of packed) linkDependencies(readJson(join(modules, name, 'package.json')), modules)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  return { folder, packed }
}

/**
 * @param {import('../workspace.mjs').Manifest} manifest
 * @param {string} modules
 */
function linkDependencies({ dependencies = {}, peerDependencies = {} }, modules) {
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const target = join(modules, name)
    if (existsSync(target)) continue
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), target)
  }
}
