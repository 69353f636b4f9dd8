import { readApplication } from './application.ts'
import type { AsyncMethodDecorator, MethodCheck } from './fit.ts'
import type { MethodKind } from './method-node.ts'
import { recordOf } from './method-record.ts'
import { MethodSite, ownerFrom } from './method-site.ts'
import { type PlanMaker, wrapMethod } from './wrap.ts'

/** What a decorator is, whatever method it stands on. */
export interface DecoratorDefinition {
  readonly kind: MethodKind
  /** As users write it, for messages: `@Cached`. */
  readonly decorator: string
  /** The name it was given, unique among decorators of its kind. Left out by decorators that take none. */
  readonly name?: string
  /** Whether it can stand on an `async *` method. Default: false. */
  readonly takesStreams?: boolean
  /** Makes the plan for one method. It runs at decoration: what is known then is validated there, and throws there. */
  readonly plan: PlanMaker
}

/**
 * Makes a method decorator that works in both standards: it reads how it was applied, refuses what is no method, keeps the
 * method's name, length, properties and metadata, and enters a node into the registry. `@Cached` and the others are made
 * with it, and so can yours be.
 *
 * @throws NotDecoratable from the decorator when it stands on anything but a method, and whatever `plan` throws.
 */
export function defineMethodDecorator<C extends MethodCheck>(definition: DecoratorDefinition): AsyncMethodDecorator<C> {
  const { decorator, name, takesStreams = false } = definition
  const apply = (...given: unknown[]): unknown => {
    const where = (methodName: string) => new MethodSite({ decorator, name, methodName, member: 'instance' }).where
    const { method, key, methodName, isStatic, owner, onInstance, replaceWith } = readApplication(given, {
      where,
      takesStreams,
    })
    const site = new MethodSite({ decorator, name, methodName, member: isStatic ? 'static' : 'instance', owner })
    const { wrapper, node } = wrapMethod(method, site, definition)
    const isOurs = (member: unknown) => recordOf(member)?.nodes.includes(node)
    onInstance?.((self) => {
      const found = site.owner === undefined ? ownerFrom(self, key, isOurs) : undefined
      if (found !== undefined) node.belongsTo(found)
    })
    return replaceWith(wrapper)
  }
  return apply as AsyncMethodDecorator<C>
}
