import { inspect } from 'node:util'
import { type BodyRun, type MethodNode, type MethodRecord, recordOf } from './registry.ts'

/** Any method. */
export type AnyMethod = (...args: never[]) => unknown

/** The names of an object's methods. */
export type MethodNames<S> = { [N in keyof S]: S[N] extends AnyMethod ? N : never }[keyof S] & string

/** The arguments of one method. */
export type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never

/** An object with the same methods, which plan a call instead of making it. */
export type Planner<S> = { readonly [N in MethodNames<S>]: (...args: ArgumentsOf<S[N]>) => PlannedCall }

/** What a call came to. */
export interface CallResult {
  readonly value: unknown
  /** The runs of the undecorated body that the call caused. */
  readonly runs: readonly BodyRun[]
}

/** A call of a method that has not been made yet and can be made as often as needed. Made by {@link calling}. */
export class PlannedCall {
  /** The object or class whose method it is; undefined for a plain function. */
  readonly owner: object | undefined
  /** The method's name; for a plain function its own. */
  readonly methodName: string
  readonly args: readonly unknown[]
  readonly #method: unknown

  /** @internal Use {@link calling}. */
  constructor(owner: object | undefined, method: string | AnyMethod, args: readonly unknown[]) {
    this.owner = owner
    this.args = args
    this.methodName = typeof method === 'string' ? method : method.name
    this.#method = typeof method === 'string' ? Reflect.get(owner ?? {}, method) : method
  }

  /** What the decorators left on the method; undefined when there is none, or no such method. */
  get record(): MethodRecord | undefined {
    return recordOf(this.#method)
  }

  /** Whether there is a method to call. */
  get exists(): boolean {
    return typeof this.#method === 'function'
  }

  /** `AuthService.userByKey`, as a message names it. */
  get label(): string {
    const { owner, methodName } = this
    if (owner === undefined) return methodName === '' ? 'the function' : methodName
    const className = typeof owner === 'function' ? owner.name : (owner.constructor?.name ?? '')
    return className === '' || className === 'Object' ? methodName : `${className}.${methodName}`
  }

  /** The label with its arguments, as in `AuthService.userById(1)`; arguments that a decorator declares secret are not shown. */
  toString(): string {
    const shown = this.args.map((argument, index) => (this.#isSecret(index) ? '(secret)' : briefly(argument)))
    return `${this.label}(${shown.join(', ')})`
  }

  /** Makes the call and counts how often the undecorated body ran meanwhile. */
  async make(): Promise<CallResult> {
    const runs: BodyRun[] = []
    const stop = this.record?.onLoad((run) => runs.push(run))
    try {
      const value: unknown = await Reflect.apply(this.#method as AnyMethod, this.owner, this.args)
      return { value, runs }
    } finally {
      stop?.()
    }
  }

  #isSecret(index: number): boolean {
    return (this.record?.nodes ?? []).some(({ options }: MethodNode) => {
      const secret: unknown = Reflect.get(options, 'secret')
      return secret === true || (Array.isArray(secret) && secret.includes(index))
    })
  }
}

/**
 * Plans calls for {@link expectCached} and {@link expectInvalidates}: write the call as usual, on `calling(service)` instead
 * of `service`. Arguments are checked by the compiler.
 *
 * ```ts
 * calling(auth).userByKey('key-1')   // a method
 * calling(Catalog).models('openai')  // a static method
 * calling(loadPrices)('eur')         // a function made by cached()
 * ```
 */
export function calling<A extends unknown[]>(method: (...args: A) => unknown): (...args: A) => PlannedCall
export function calling<S extends object>(service: S): Planner<S>
export function calling(target: object): unknown {
  const plan =
    (method: string) =>
    (...args: unknown[]) =>
      new PlannedCall(target, method, args)
  return new Proxy(() => {}, {
    apply: (_, __, args: unknown[]) => new PlannedCall(undefined, target as AnyMethod, args),
    // `then` would make an awaited planner look like a promise.
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? plan(name) : undefined),
  })
}

function briefly(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 3,
    maxStringLength: 40,
  })
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
