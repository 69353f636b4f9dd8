import { openGranary } from './granary.ts'
import type { OpenSubject } from './library.ts'

/** The libraries that can be tortured, by name. */
const LIBRARIES: Readonly<Record<string, OpenSubject>> = {
  granary: openGranary,
}

/** Their names. */
export const LIBRARY_NAMES: readonly string[] = Object.keys(LIBRARIES)

/** How a library's cache is opened. */
export function openerOf(name: string): OpenSubject {
  const open = LIBRARIES[name]
  if (open === undefined) throw new TypeError(`'${name}' is no library of the torture: ${LIBRARY_NAMES.join(', ')}`)
  return open
}
