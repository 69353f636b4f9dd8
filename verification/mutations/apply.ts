import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Patch } from './patch.ts'

/** The folder that patches name their files below. */
export const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'packages')

/**
 * The sources that the patches touch, as they are afterwards, by path.
 *
 * @throws Error when a snippet does not stand in its file exactly once: the list of patches must follow the engine.
 */
export function applyPatches(name: string, patches: readonly Patch[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const { file, find, replace } of patches) {
    const path = join(PACKAGES, file)
    const text = files.get(path) ?? readFileSync(path, 'utf8')
    const times = text.split(find).length - 1
    if (times !== 1)
      throw new Error(`mutation '${name}': its snippet stands ${times} times in ${file}, not once:\n${find}`)
    files.set(
      path,
      text.replace(find, () => replace),
    )
  }
  return files
}
