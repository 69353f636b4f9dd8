import { binaryFrom, binaryName, bytesOf } from './binary.ts'
import type { ClassRegistry } from './class-registry.ts'
import { bareFault, faultName, setOwn } from './fault.ts'

/**
 * A deep copy of a value that was accepted by `examine`: what a hit returns when the stored value holds something that
 * cannot be frozen. Repeated references and cycles are kept.
 *
 * Frozen plain objects and arrays with nothing mutable below them are shared rather than copied.
 */
export function copyOf(value: unknown, registry: ClassRegistry): unknown {
  return typeof value === 'object' && value !== null ? new Copier(registry).object(value) : value
}

class Copier {
  readonly registry: ClassRegistry
  readonly copies = new Map<object, object>()

  constructor(registry: ClassRegistry) {
    this.registry = registry
  }

  any(value: unknown): unknown {
    return typeof value === 'object' && value !== null ? this.object(value) : value
  }

  object(value: object): object {
    const known = this.copies.get(value)
    if (known !== undefined) return known
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.properties(value, prototype)
    if (prototype === Array.prototype) return this.array(value as unknown[])
    return this.special(value, prototype)
  }

  private remember<T extends object>(value: object, copy: T): T {
    this.copies.set(value, copy)
    return copy
  }

  private properties(value: object, prototype: object | null): object {
    if (this.immutable(value)) return this.remember(value, value)
    const copy = this.remember(value, prototype === null ? Object.create(null) : {}) as Record<string, unknown>
    for (const key of Object.keys(value)) {
      const inner = this.any((value as Record<string, unknown>)[key])
      if (key === '__proto__') setOwn(copy, key, inner, true)
      else copy[key] = inner
    }
    return Object.isFrozen(value) ? Object.freeze(copy) : copy
  }

  private array(value: readonly unknown[]): object {
    if (this.immutable(value)) return this.remember(value, value)
    const copy: unknown[] = this.remember(value, [])
    for (const inner of value) copy.push(this.any(inner))
    return Object.isFrozen(value) ? Object.freeze(copy) : copy
  }

  private special(value: object, prototype: unknown): object {
    if (prototype === Date.prototype) return this.remember(value, new Date((value as Date).getTime()))
    if (prototype === Map.prototype) {
      const copy = this.remember(value, new Map<unknown, unknown>())
      for (const [key, inner] of value as Map<unknown, unknown>) copy.set(this.any(key), this.any(inner))
      return copy
    }
    if (prototype === Set.prototype) {
      const copy = this.remember(value, new Set<unknown>())
      for (const inner of value as Set<unknown>) copy.add(this.any(inner))
      return copy
    }
    if (prototype === RegExp.prototype) {
      const copy = this.remember(value, new RegExp((value as RegExp).source, (value as RegExp).flags))
      copy.lastIndex = (value as RegExp).lastIndex
      return copy
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

  private fault(value: Error, copy: Error): Error {
    this.remember(value, copy)
    for (const key of Object.getOwnPropertyNames(value)) {
      const inner = this.any((value as unknown as Record<string, unknown>)[key])
      setOwn(copy, key, inner, Object.prototype.propertyIsEnumerable.call(value, key))
    }
    return copy
  }

  /** Whether a plain object or array is frozen with only frozen plain data below it. */
  private immutable(value: object, path = new Set<object>()): boolean {
    if (!Object.isFrozen(value)) return false
    if (path.has(value)) return true
    path.add(value)
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[key]
      if (typeof inner !== 'object' || inner === null) continue
      const prototype: unknown = Object.getPrototypeOf(inner)
      if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false
      if (!this.immutable(inner, path)) return false
    }
    return true
  }
}
