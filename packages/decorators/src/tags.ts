import { InvalidOption } from '@granary/core'
import { registry } from './method/registry.ts'

/** Functions that make tags, by the name of their family. */
export type TagFunctions = Readonly<Record<string, (...args: never[]) => string>>

/**
 * Defines the tags of a program in one place. Each function becomes a family named after it, by which the cache graph knows
 * which methods store a tag and which invalidate it. The functions keep their types.
 *
 * @example
 * ```ts
 * const tags = defineTags({ user: (id: number) => `user:${id}`, catalog: () => 'catalog' })
 * tags.user(7) // 'user:7'
 * ```
 * @typeParam T - The families: functions that make tags, by name.
 * @throws InvalidOption when a family is not a function, and from a family when it makes anything but a non-empty string.
 */
export function defineTags<const T extends TagFunctions>(families: T): Readonly<T> {
  const made: Record<string, (...args: never[]) => string> = {}
  for (const [family, tagOf] of Object.entries(families)) {
    if (typeof tagOf !== 'function')
      throw new InvalidOption(`defineTags: ${family}`, tagOf, 'it is a function that returns a tag')
    made[family] = familyOf(family, tagOf)
  }
  return Object.freeze(made) as Readonly<T>
}

function familyOf(family: string, tagOf: (...args: never[]) => string): (...args: never[]) => string {
  const make = (...args: never[]): string => {
    const tag: unknown = tagOf(...args)
    if (typeof tag !== 'string' || tag === '')
      throw new InvalidOption(`tag ${family}`, tag, 'a tag is a non-empty string')
    registry.tagMade?.(tag, family)
    return tag
  }
  Object.defineProperty(make, 'name', { value: family, configurable: true })
  registry.families.set(family, { family, only: () => (tagOf.length === 0 ? tagOf() : undefined) })
  return make
}
