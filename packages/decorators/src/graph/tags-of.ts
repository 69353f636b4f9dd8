import type { MethodNode } from '../method/method-node.ts'
import { registry } from '../method/registry.ts'

/** The tags of one method. */
export interface MethodTags {
  /** Families as `user:*`-like labels are not needed: a family goes by its name, a plain tag is itself. */
  readonly tags: readonly string[]
  /** Options whose function names no known family and has not run yet: what they make is not known. */
  readonly unknown: readonly string[]
}

const TAG_OPTIONS = ['tags', 'negativeTags', 'resultTags'] as const

/**
 * The tags that a method's options make, by family. A static list is taken as it is. Of a function, the families are read in
 * its text (`tags.user(`), because running it would need arguments; what it was seen to make when it ran is added.
 */
export function tagsOf(node: MethodNode): MethodTags {
  const tags = new Set<string>()
  const unknown: string[] = []
  for (const option of TAG_OPTIONS) {
    const given = node.options[option]
    if (Array.isArray(given)) for (const tag of given) tags.add(familyOfPlain(String(tag)))
    if (typeof given !== 'function') continue
    const named = familiesIn(given.toString())
    for (const family of named) tags.add(family)
    if (named.length === 0 && !node.tags.seen) unknown.push(option)
  }
  for (const family of node.tags.families) tags.add(family)
  for (const tag of node.tags.plain) tags.add(familyOfPlain(tag))
  return { tags: [...tags], unknown }
}

/** A family is called as a member of what `defineTags` returned, or by its bare name. */
function familiesIn(text: string): string[] {
  const called = new Set(Array.from(text.matchAll(/([\w$]+)\s*\(/g), ([, name]) => name as string))
  return [...registry.families.keys()].filter((family) => called.has(family))
}

/** A family without parameters has one tag; written out, it is still that family. */
function familyOfPlain(tag: string): string {
  for (const { family, only } of registry.families.values()) {
    if (only() === tag) return family
  }
  return tag
}
