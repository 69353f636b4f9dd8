import { type AsyncMethodDecorator, defineMethodDecorator, type MethodCheck } from '@granary/decorators'

/** What the decorators of this file have seen, in order. */
export const trace: string[] = []

interface AnyMethod extends MethodCheck {
  readonly misfits: never
}

/** A decorator made with the seam, as another package would make one: notes each call that passes it. */
export function Traced(name: string): AsyncMethodDecorator<AnyMethod> {
  return defineMethodDecorator<AnyMethod>({
    kind: 'traced',
    decorator: '@Traced',
    name,
    plan: ({ method, site, claim }) => {
      let claimed = false
      return {
        options: Object.freeze({ name }),
        wrapper: {
          async wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
            if (!claimed) claim()
            claimed = true
            trace.push(`${name} ${site.label}`)
            return method.apply(this, args)
          },
        }.wrapper,
      }
    },
  })
}
