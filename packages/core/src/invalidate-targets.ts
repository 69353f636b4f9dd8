import type { InvalidationRequest } from './engine/invalidate.ts'
import type { Address } from './engine/remote.ts'
import { InvalidOption } from './errors.ts'
import type { Names } from './names.ts'

/** What several entries are invalidated by. */
export interface InvalidateTargets {
  readonly tags?: readonly string[]
  readonly entries?: readonly { readonly name: string; readonly args: readonly unknown[]; readonly self?: unknown }[]
  readonly names?: readonly string[]
  /** Everything in the namespace. */
  readonly namespace?: boolean
}

const TARGETS: readonly string[] = ['tags', 'entries', 'names', 'namespace'] satisfies (keyof InvalidateTargets)[]

/** Refuses what the compiler could not see: an invalidation that is misspelt must not resolve as if it had been delivered. */
function checkTargets(targets: InvalidateTargets): void {
  for (const [target, value] of Object.entries(targets)) {
    if (!TARGETS.includes(target))
      throw new InvalidOption(`invalidate: ${target}`, target, `targets are ${TARGETS.join(', ')}`)
    if (target !== 'namespace' && value !== undefined && !Array.isArray(value))
      throw new InvalidOption(`invalidate: ${target}`, value, 'it is a list')
  }
}

/**
 * What that means here: an entry whose keys are not known takes its whole name along.
 *
 * @throws InvalidOption naming a target that does not exist or is no list.
 */
export function requestOf(names: Names, targets: InvalidateTargets): InvalidationRequest {
  checkTargets(targets)
  const { tags = [], entries = [], names: whole = [], namespace = false } = targets
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
