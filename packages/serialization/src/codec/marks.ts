/**
 * The marked form: a value turned into a tree that msgpack can hold, with marks where it would lose something.
 *
 * A mark is a Map with one entry, code to content; every real Map becomes a mark too, so in a marked tree a Map is always
 * a mark. Objects met more than once are defined where they first stand and referred to afterwards; both directions visit
 * the tree in the same order, so a reference never comes before its definition.
 */

import { UncacheableValue } from '../errors.ts'
import { BINARY_NAMES, binaryName, bytesOf } from '../value/binary.ts'
import type { ClassRegistry } from '../value/class-registry.ts'
import { FAULT_NAMES, faultName } from '../value/fault.ts'
import { describeInstance, ordinary } from '../value/walk.ts'
import { isWellFormed } from '../well-formed.ts'

/** What each mark stands for. Stored for ever: append only. */
export const MARK = {
  negativeZero: 0,
  string: 1,
  object: 2,
  bareObject: 3,
  map: 4,
  set: 5,
  regexp: 6,
  binary: 7,
  error: 8,
  instance: 9,
  definition: 10,
  reference: 11,
} as const

function mark(code: number, content: unknown): Map<number, unknown> {
  return new Map([[code, content]])
}

/** Turns a value into its marked tree. The value itself is not changed. @throws UncacheableValue for what has no mark. */
export function toMarked(value: unknown, registry: ClassRegistry): unknown {
  const marker = new Marker(registry)
  marker.count(value)
  return marker.any(value)
}

class Marker {
  readonly registry: ClassRegistry
  private readonly seen = new Set<object>()
  /** Objects met more than once; the number is their id once they are defined. */
  private readonly repeated = new Map<object, number>()
  private readonly data = new Map<object, unknown>()
  private nextId = 0

  constructor(registry: ClassRegistry) {
    this.registry = registry
  }

  /** The first pass: finds the objects that are met more than once. */
  count(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    if (this.seen.has(value)) {
      this.repeated.set(value, -1)
      return
    }
    this.seen.add(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Map.prototype) {
      for (const [key, inner] of value as Map<unknown, unknown>) {
        this.count(key)
        this.count(inner)
      }
    } else if (prototype === Set.prototype) {
      for (const inner of value as Set<unknown>) this.count(inner)
    } else if (faultName(value) !== undefined) {
      for (const key of Object.getOwnPropertyNames(value)) this.count((value as Record<string, unknown>)[key])
    } else if (binaryName(value) === undefined) {
      this.countBelow(value)
    }
  }

  private countBelow(value: object): void {
    const registered = this.registry.of(value)
    if (registered !== undefined) this.count(this.dataOf(value, registered.toData))
    else for (const key of Object.keys(value)) this.count((value as Record<string, unknown>)[key])
  }

  /** `toData` runs once per instance, so that both passes see the same data. */
  private dataOf(value: object, toData: (value: object) => unknown): unknown {
    if (!this.data.has(value)) this.data.set(value, toData(value))
    return this.data.get(value)
  }

  any(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return isWellFormed(value) ? value : mark(MARK.string, Buffer.from(value, 'utf16le'))
      case 'number':
        return value === 0 && Object.is(value, -0) ? mark(MARK.negativeZero, 0) : value
      case 'object':
        return value === null ? null : this.object(value)
      case 'function':
      case 'symbol':
        throw new UncacheableValue('', `a ${typeof value}`)
      default:
        return value
    }
  }

  private object(value: object): unknown {
    const id = this.repeated.get(value)
    if (id === undefined) return this.body(value)
    if (id >= 0) return mark(MARK.reference, id)
    const own = this.nextId++
    this.repeated.set(value, own)
    return mark(MARK.definition, [own, this.body(value)])
  }

  private body(value: object): unknown {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return this.properties(value)
    if (prototype === Array.prototype) return Array.from(value as unknown[], (inner) => this.any(inner))
    if (prototype === null) return mark(MARK.bareObject, this.entries(value))
    return this.special(value, prototype)
  }

  private properties(value: object): unknown {
    const keys = Object.keys(value)
    if (!keys.every(ordinary)) return mark(MARK.object, this.entries(value))
    const copy: Record<string, unknown> = {}
    for (const key of keys) copy[key] = this.any((value as Record<string, unknown>)[key])
    return copy
  }

  private entries(value: object): unknown[] {
    return Object.keys(value).flatMap((key) => [this.any(key), this.any((value as Record<string, unknown>)[key])])
  }

  private special(value: object, prototype: unknown): unknown {
    switch (prototype) {
      case Date.prototype:
        return value
      case Map.prototype:
        return mark(
          MARK.map,
          Array.from(value as Map<unknown, unknown>).flatMap(([key, inner]) => [this.any(key), this.any(inner)]),
        )
      case Set.prototype:
        return mark(
          MARK.set,
          Array.from(value as Set<unknown>, (inner) => this.any(inner)),
        )
      case RegExp.prototype: {
        const { source, flags, lastIndex } = value as RegExp
        return mark(MARK.regexp, [this.any(source), flags, lastIndex])
      }
    }
    const binary = binaryName(value)
    if (binary === 'Buffer') return value
    if (binary !== undefined) return mark(MARK.binary, [BINARY_NAMES.indexOf(binary), bytesOf(value)])
    const fault = faultName(value)
    if (fault !== undefined) return this.fault(value, FAULT_NAMES.indexOf(fault))
    const registered = this.registry.of(value)
    if (registered === undefined) throw new UncacheableValue('', describeInstance(prototype))
    return mark(MARK.instance, [registered.name, this.any(this.dataOf(value, registered.toData))])
  }

  private fault(value: object, code: number): unknown {
    const content: unknown[] = [code]
    for (const key of Object.getOwnPropertyNames(value)) {
      const enumerable = Object.prototype.propertyIsEnumerable.call(value, key)
      content.push(this.any(key), enumerable, this.any((value as Record<string, unknown>)[key]))
    }
    return mark(MARK.error, content)
  }
}
