import { binaryFrom, binaryName, bytesOf } from './binary.ts'
import type { ClassRegistry } from './class-registry.ts'
import { bareFault, faultName, setOwn } from './fault.ts'
import { ReferenceMap } from './reference-map.ts'

/**
 * A deep copy of a value that was accepted by `examine`: what a hit returns when the stored value holds something that
 * cannot be frozen. Repeated references and cycles are kept.
 *
 * Frozen plain objects and arrays with nothing mutable below them are shared rather than copied; where one is copied, its
 * copy is frozen too.
 */
export function copyOf(value: unknown, registry: ClassRegistry): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    return new Copier(registry, false).object(value)
  } catch (thrown) {
    if (thrown !== CYCLE) throw thrown
    return new Copier(registry, true).object(value)
  }
}

/** Stands for a frozen object that is shared unless something below it turns out to be copied. */
const UNDECIDED: object = Object.freeze({})
/** Thrown when the decision is needed before it was made: the object is below itself. */
const CYCLE: object = Object.freeze({})

class Copier {
  private readonly registry: ClassRegistry
  /** Whether to copy frozen objects even if nothing below them needs it. */
  private readonly eager: boolean
  private readonly copies = new ReferenceMap()

  constructor(registry: ClassRegistry, eager: boolean) {
    this.registry = registry
    this.eager = eager
  }

  object(value: object): object {
    const known = this.copies.get(value)
    if (known !== undefined) {
      if (known === UNDECIDED) throw CYCLE
      return known
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return this.plain(value)
    return this.special(value, prototype)
  }

  private any(value: unknown): unknown {
    return typeof value === 'object' && value !== null ? this.object(value) : value
  }

  private remember<T extends object>(value: object, copy: T): T {
    this.copies.set(value, copy)
    return copy
  }

  private plain(value: object): object {
    const frozen = Object.isFrozen(value)
    let copy = this.eager || !frozen ? shallow(value) : undefined
    this.copies.set(value, copy ?? UNDECIDED)
    for (const key in value) {
      const inner = (value as Record<string, unknown>)[key]
      if (typeof inner !== 'object' || inner === null) continue
      const below = this.object(inner)
      // for-in also visits what others added to Object.prototype.
      if (below === inner || !Object.hasOwn(value, key)) continue
      copy ??= shallow(value)
      if (key === '__proto__') setOwn(copy, key, below, true)
      else copy[key] = below
    }
    return this.remember(value, copy === undefined ? value : frozen ? Object.freeze(copy) : copy)
  }

  private special(value: object, prototype: unknown): object {
    switch (prototype) {
      case Date.prototype:
        return this.remember(value, new Date((value as Date).getTime()))
      case Map.prototype:
        return this.map(value as Map<unknown, unknown>)
      case Set.prototype:
        return this.set(value as Set<unknown>)
      case RegExp.prototype: {
        const copy = new RegExp((value as RegExp).source, (value as RegExp).flags)
        copy.lastIndex = (value as RegExp).lastIndex
        return this.remember(value, copy)
      }
    }
    const binary = binaryName(value)
    if (binary !== undefined) return this.remember(value, binaryFrom(binary, bytesOf(value)) as object)
    const fault = faultName(value)
    if (fault !== undefined) return this.fault(value as Error, bareFault(fault))
    const registered = this.registry.of(value)
    // Examined values have no other classes; sharing is all that is left for one that slipped in.
    if (registered === undefined) return value
    return this.remember(value, registered.fromData(this.any(registered.toData(value))))
  }

  private map(value: Map<unknown, unknown>): object {
    const copy = this.remember(value, new Map<unknown, unknown>())
    for (const [key, inner] of value) copy.set(this.any(key), this.any(inner))
    return copy
  }

  private set(value: Set<unknown>): object {
    const copy = this.remember(value, new Set<unknown>())
    for (const inner of value) copy.add(this.any(inner))
    return copy
  }

  private fault(value: Error, copy: Error): Error {
    this.remember(value, copy)
    for (const key of Object.getOwnPropertyNames(value)) {
      const inner = this.any((value as unknown as Record<string, unknown>)[key])
      setOwn(copy, key, inner, Object.prototype.propertyIsEnumerable.call(value, key))
    }
    return copy
  }
}

/** An unfrozen copy of a plain object or array with the same things in it. */
function shallow(value: object): Record<string, unknown> {
  if (Array.isArray(value)) return value.slice() as unknown as Record<string, unknown>
  return Object.getPrototypeOf(value) === null ? Object.assign(Object.create(null), value) : { ...value }
}
