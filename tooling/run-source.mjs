import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attached } from './command.mjs'
import { root } from './workspace.mjs'

/**
 * The nearest tsconfig.json above a file: it says which decorators the file is written in.
 * @param {string} path
 * @returns {string}
 */
function nearestConfig(path) {
  const folder = dirname(path)
  const config = join(folder, 'tsconfig.json')
  return existsSync(config) || folder === root ? config : nearestConfig(folder)
}

/**
 * Runs a TypeScript program of this repository with the packages' sources behind it, no build needed.
 * @param {string} path from the root
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runSource(path, args) {
  const program = join(root, path)
  const flags = ['--conditions=@granary/source', '--import=tsx']
  return attached(process.execPath, [...flags, program, ...args], { TSX_TSCONFIG_PATH: nearestConfig(program) })
}
