import { InvalidClassRegistration } from '../errors.ts'
import { isBinary } from './binary.ts'
import { isFault } from './fault.ts'

/** How instances of one class become plain data and come back. */
export interface ClassRegistration<T = never> {
  /** What names the class in stored bytes and keys; it must never change, and minifiers do not touch it. */
  readonly name: string
  /** The class itself. Subclasses are not covered: register each. */
  readonly type: abstract new (
    ...args: never[]
  ) => [T] extends [never] ? object : T
  /** Everything needed to rebuild the instance, made of any type that can be cached. */
  readonly toData: (value: T) => unknown
  /** Rebuilds an equal instance from what `toData` returned. */
  readonly fromData: (data: never) => [T] extends [never] ? object : T
}

/**
 * Writes a registration whose parts are checked against each other: `toData` gets the instance, `fromData` what it returned.
 *
 * ```ts
 * const money = classRegistration({ name: 'Money', type: Money, toData: (money) => money.cents, fromData: (cents) => new Money(cents) })
 * ```
 */
export function classRegistration<T extends object, D>(registration: {
  readonly name: string
  readonly type: abstract new (...args: never[]) => T
  readonly toData: (value: T) => D
  readonly fromData: (data: D) => T
}): ClassRegistration {
  return registration as unknown as ClassRegistration
}

/** A registration once its type parameter is no longer known. */
export interface RegisteredClass {
  /** What names the class in stored bytes and keys. */
  readonly name: string
  /** Everything needed to rebuild an instance. */
  readonly toData: (value: object) => unknown
  /** Rebuilds an instance. */
  readonly fromData: (data: unknown) => object
}

/** The registered classes, found by instance or by name. */
export interface ClassRegistry {
  /** The registration of the instance's own class; a subclass of a registered class is not found. */
  of(value: object): RegisteredClass | undefined
  /** The registration that wrote `name` into stored bytes. */
  named(name: string): RegisteredClass | undefined
}

/**
 * Collects class registrations.
 *
 * @throws InvalidClassRegistration when a name is empty, or a name or class is registered twice.
 */
export function createClassRegistry(list: readonly ClassRegistration[] = []): ClassRegistry {
  const byPrototype = new Map<unknown, RegisteredClass>()
  const byName = new Map<string, RegisteredClass>()
  for (const { name, type, toData, fromData } of list) {
    if (typeof name !== 'string' || name === '') {
      throw new InvalidClassRegistration(`classes: a registration needs a name that is not empty, not ${String(name)}.`)
    }
    if (typeof type !== 'function' || typeof toData !== 'function' || typeof fromData !== 'function') {
      throw new InvalidClassRegistration(`classes: '${name}' needs type (a class), toData and fromData (functions).`)
    }
    if (byName.has(name)) throw new InvalidClassRegistration(`classes: the name '${name}' is registered twice.`)
    if (byPrototype.has(type.prototype)) {
      throw new InvalidClassRegistration(`classes: the class of '${name}' is already registered under another name.`)
    }
    if (BUILT_IN.has(type.prototype) || isBinary(type.prototype) || isFault(type.prototype)) {
      throw new InvalidClassRegistration(`classes: '${name}' registers ${type.name}, which comes back by itself.`)
    }
    const registered = { name, toData, fromData } as unknown as RegisteredClass
    byName.set(name, registered)
    byPrototype.set(type.prototype, registered)
  }
  return {
    of: (value) => byPrototype.get(Object.getPrototypeOf(value)),
    named: (name) => byName.get(name),
  }
}

const BUILT_IN: ReadonlySet<unknown> = new Set([Object, Array, Date, Map, Set, RegExp].map((type) => type.prototype))

/** The registry of nobody's classes. */
export const NO_CLASSES: ClassRegistry = createClassRegistry()
