/** What calls cost, in the order of the rules. */
import { InvalidOption } from '@granary/core'
import { checkCount, type Limit, MOST } from './limit.ts'
import type { Costs } from './reservation.ts'

/** The limits that costs belong to. */
export interface CostsOf {
  readonly names: readonly string[]
  readonly limits: readonly Limit[]
}

/** A call costs 1 of each limit on requests, and of its place; of other units, nothing. */
const plain = new WeakMap<readonly Limit[], readonly number[]>()

/**
 * Reads costs; those that are not given are `otherwise`, or the plain ones.
 *
 * @throws InvalidOption for a limit that is not there, or a cost that cannot be.
 */
export function readCosts(
  { names, limits }: CostsOf,
  costs: Costs | undefined,
  otherwise = plainCosts(limits),
): readonly number[] {
  if (costs === undefined) return otherwise
  const read = [...otherwise]
  for (const name of Object.keys(costs)) {
    const index = names.indexOf(name)
    if (index === -1)
      throw new InvalidOption('costs', name, `the limits are ${names.map((known) => `'${known}'`).join(', ')}`)
    const cost = costs[name]
    if (cost === undefined) continue
    checkCount(`costs.${name}`, cost, MOST)
    if (limits[index]?.kind === 'concurrency')
      throw new InvalidOption(`costs.${name}`, cost, 'a call takes one place; leave it out')
    read[index] = cost
  }
  return read
}

function plainCosts(limits: readonly Limit[]): readonly number[] {
  const known = plain.get(limits)
  if (known !== undefined) return known
  const costs = limits.map(({ kind, unit }) => (kind === 'concurrency' || unit === 'requests' ? 1 : 0))
  plain.set(limits, costs)
  return costs
}
