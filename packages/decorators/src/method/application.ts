import { NotDecoratable } from '../errors.ts'
import type { AsyncMethod } from './fit.ts'
import { recordOf } from './method-record.ts'

/** How a decorator was applied, whichever standard called it. */
export interface Application {
  readonly method: AsyncMethod
  readonly key: string | symbol
  /** The name for people: private names keep their `#`, symbols their description in brackets. */
  readonly methodName: string
  readonly isStatic: boolean
  /** Known at once under `experimentalDecorators`. */
  readonly owner: object | undefined
  /** Standard decorators only: runs for each instance, or once for the class of a static method. */
  readonly onInstance: ((run: (self: unknown) => void) => void) | undefined
  /** What the decorator must return for `wrapper` to take the method's place. */
  readonly replaceWith: (wrapper: AsyncMethod) => unknown
}

/** What a decorator can stand on. */
export interface Demand {
  /** Names decorator and member, for the error. */
  readonly where: (member: string) => string
  /** Whether it may be an async generator. */
  readonly takesStreams: boolean
}

/**
 * Reads the arguments that a decorator was called with.
 *
 * @throws NotDecoratable for anything but a method that can return a promise, or a stream where one is taken.
 */
export function readApplication(given: readonly unknown[], demand: Demand): Application {
  const [first, second] = given
  if (isContext(second)) return readStandard(first, second, demand)
  if (typeof second === 'string' || typeof second === 'symbol')
    return readLegacy(first as object, second, { third: given[2], demand })
  const { where } = demand
  throw new NotDecoratable(where('a class'), 'it belongs on a method')
}

interface Context {
  readonly kind: string
  readonly name: string | symbol
  readonly static?: boolean
  addInitializer(run: (this: unknown) => void): void
}

function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && 'kind' in value && 'name' in value
}

function readStandard(method: unknown, context: Context, demand: Demand): Application {
  const { where } = demand
  const methodName = nameOf(context.name)
  if (context.kind !== 'method') throw refusal(context.kind, where(methodName))
  return {
    method: asyncMethod(method, where(methodName), demand),
    key: context.name,
    methodName,
    isStatic: context.static === true,
    owner: undefined,
    onInstance: (run) =>
      context.addInitializer(function () {
        run(this)
      }),
    replaceWith: (wrapper) => wrapper,
  }
}

function readLegacy(
  target: object,
  key: string | symbol,
  { third, demand }: { third: unknown; demand: Demand },
): Application {
  const { where } = demand
  const isStatic = typeof target === 'function'
  const owner = isStatic ? target : target.constructor
  const methodName = nameOf(key)
  const at = where(`${(owner as { name?: string }).name || 'a class'}.${methodName}`)
  if (typeof third === 'number') throw refusal('parameter', at)
  const descriptor = third as PropertyDescriptor | undefined
  if (descriptor === undefined) throw refusal('field', at)
  if (descriptor.get !== undefined || descriptor.set !== undefined) throw refusal('accessor', at)
  return {
    method: asyncMethod(descriptor.value, at, demand),
    key,
    methodName,
    isStatic,
    owner,
    onInstance: undefined,
    replaceWith: (wrapper) => ({ ...descriptor, value: wrapper }),
  }
}

function nameOf(key: string | symbol): string {
  return typeof key === 'symbol' ? `[${key.description ?? 'symbol'}]` : key
}

function refusal(kind: string, where: string): NotDecoratable {
  if (kind === 'class') return new NotDecoratable(where, 'it belongs on a method')
  if (kind === 'field')
    return new NotDecoratable(
      where,
      'a field has no method to wrap; write a method, or wrap the function with cached()',
    )
  return new NotDecoratable(
    where,
    `it is no method but ${kind === 'accessor' ? 'an' : 'a'} ${kind}; write an async method`,
  )
}

/** A generator answers with an iterator, whose values pass by while nobody can store them. */
function asyncMethod(method: unknown, where: string, { takesStreams }: Demand): AsyncMethod {
  if (typeof method !== 'function') throw refusal('field', where)
  const written = recordOf(method)?.nodes[0]?.original ?? method
  const kind = (written as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag]
  if (kind !== 'GeneratorFunction' && (kind !== 'AsyncGeneratorFunction' || takesStreams)) return method as AsyncMethod
  throw new NotDecoratable(where, 'a generator yields an iterator, not a promise; collect the items in an async method')
}
