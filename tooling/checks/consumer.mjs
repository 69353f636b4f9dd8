import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { captured } from '../command.mjs'
import { root } from '../workspace.mjs'
import { packAll } from './packed.mjs'

/** A project that installed the packed packages: their files unpacked, everything else linked from ours. */
export const consumer = join(root, '.cache', 'consumer')

/**
 * Lays the consumer out afresh and answers the packages in it.
 * @returns {Promise<import('./packed.mjs').Packed[]>}
 */
export async function layOutConsumer() {
  const packed = await packAll()
  rmSync(consumer, { recursive: true, force: true })
  const modules = join(consumer, 'node_modules')
  for (const { name, tarball } of packed) {
    const into = join(modules, name)
    mkdirSync(into, { recursive: true })
    const { code, output } = await captured('tar', ['-xzf', tarball, '-C', into, '--strip-components=1'])
    if (code !== 0) throw new Error(output)
  }
  linkOthers(join(root, 'node_modules'), modules)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n')
  return packed
}

/**
 * @param {string} from
 * @param {string} to
 */
function linkOthers(from, to) {
  for (const name of readdirSync(from)) {
    if (name.startsWith('.') || name === '@granary') continue
    const target = join(to, name)
    if (existsSync(target)) continue
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(from, name), target)
  }
}
