import type { MethodNode } from '../method/method-node.ts'
import { registry } from '../method/registry.ts'

/** Any option function that returns tags. */
type TagsFunction = (this: unknown, ...args: never[]) => readonly string[]

/** The same function, which notes on the node of its method which tags it made. */
export function observeTags<F extends TagsFunction>(tagsOf: F, node: () => MethodNode): F {
  const observed = function (this: unknown, ...args: never[]): readonly string[] {
    const outer = registry.tagMade
    const made = new Map<string, string>()
    registry.tagMade = (tag, family) => made.set(tag, family)
    try {
      const tags = tagsOf.apply(this, args)
      node().tags.note(tags, made)
      return tags
    } finally {
      registry.tagMade = outer
    }
  }
  return observed as F
}
