import type { InvalidationRequest } from './engine/invalidate.ts'
import type { Address } from './engine/remote.ts'
import type { Names } from './names.ts'

/** What several entries are invalidated by. */
export interface InvalidateTargets {
  readonly tags?: readonly string[]
  readonly entries?: readonly { readonly name: string; readonly args: readonly unknown[]; readonly self?: unknown }[]
  readonly names?: readonly string[]
  /** Everything in the namespace. */
  readonly namespace?: boolean
}

/** What that means here: an entry whose keys are not known takes its whole name along. */
export function requestOf(
  names: Names,
  { tags = [], entries = [], names: whole = [], namespace = false }: InvalidateTargets,
): InvalidationRequest {
  const addresses: Address[] = []
  const widened: string[] = []
  for (const { name, args, self } of entries) {
    const found = names.addressesOf(name, args, self)
    if (found === undefined) widened.push(name)
    else addresses.push(...found)
  }
  return { addresses, tags, names: [...whole, ...widened], namespace }
}

/** Counts it for each name that it names; false when none of them is known here. */
export function countInvalidation(names: Names, { names: whole = [], entries = [] }: InvalidateTargets): boolean {
  const known = [...whole, ...entries.map(({ name }) => name)].flatMap((name) => names.stateOf(name) ?? [])
  for (const { counters } of known) counters.invalidations += 1
  return known.length > 0
}
