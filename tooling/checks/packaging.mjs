import { join } from 'node:path'
import { captured } from '../command.mjs'
import { root } from '../workspace.mjs'
import { packAll } from './packed.mjs'

/** @typedef {import('./packed.mjs').Packed} Packed */

const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name)

/**
 * What is missing from a tarball, and what should not be in it.
 * @param {readonly string[]} files
 * @returns {string[]}
 */
export function wrongFiles(files) {
  const missing = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter((file) => !files.includes(file))
  const stray = files.filter((file) => /(^|\/)(test|\.[^/]+|tsconfig[^/]*\.json|vitest[^/]*)(\/|$)/.test(file))
  return [...missing.map((file) => `lacks ${file}`), ...stray.map((file) => `carries ${file}`)]
}

/**
 * Everything wrong with one tarball: its files, then what publint and attw say.
 * @param {Packed} packed
 * @returns {Promise<string>} empty when nothing is
 */
async function objections({ name, tarball, files }) {
  const publint = await captured(bin('publint'), ['run', tarball, '--strict'])
  const attw = await captured(bin('attw'), [
    tarball,
    '--profile',
    'esm-only',
    '--no-definitely-typed',
    '--no-emoji',
    '--no-color',
  ])
  const said = [publint, attw].filter(({ code }) => code !== 0).map(({ output }) => output)
  return [...wrongFiles(files).map((what) => `${name}  ${what}\n`), ...said].join('')
}

const packed = await packAll()
let failed = 0
for (const one of packed) {
  const what = await objections(one)
  if (what === '') continue
  failed += 1
  process.stdout.write(what)
}
console.log(`${packed.length} tarballs (publint, attw): ${failed === 0 ? 'nothing to object to' : `${failed} to mend`}`)
process.exitCode = failed === 0 ? 0 : 1
