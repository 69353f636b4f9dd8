/**
 * The one walk over a value that is about to be stored: it refuses what would not come back equal, estimates the size in
 * memory, and freezes plain objects and arrays, so that nobody can change what others are served.
 *
 * Nothing is frozen unless the whole value is accepted: objects are collected while walking and frozen afterwards.
 */
import { binaryName, bytesOf } from './binary.ts'
import type { ClassRegistry } from './class-registry.ts'
import { faultName } from './fault.ts'
import { isWellFormed } from './well-formed.ts'

/** How deep values may be nested unless told otherwise. */
export const VALUE_DEPTH = 256

/** What the walk found. */
export type Examination =
  | {
      readonly ok: true
      /** An estimate of the heap the value occupies, in bytes. */
      readonly bytes: number
      /** Whether all readers may be handed the same reference; false when something inside cannot be frozen. */
      readonly shareable: boolean
      /** Whether encoding needs the marked form: the value holds something that msgpack alone would lose. */
      readonly special: boolean
    }
  | {
      readonly ok: false
      /** Where the refused thing stands, e.g. `.user.onChange`; empty for the value itself. */
      readonly path: string
      /** What it is, as a noun phrase. */
      readonly reason: string
    }

/** How to examine. */
export interface ExamineOptions {
  /** Classes whose instances are accepted. */
  readonly registry: ClassRegistry
  /** Whether to freeze plain objects and arrays, deeply, once the value is accepted. */
  readonly freeze: boolean
  /** Levels of nesting allowed. Default 256. */
  readonly maxDepth?: number
}

/** Examines a value before it is stored; cycles and repeated references are accepted. */
export function examine(value: unknown, options: ExamineOptions): Examination {
  const walk = new Walk(options.registry, options.maxDepth ?? VALUE_DEPTH)
  const bytes = walk.visit(value, 0)
  if (bytes < 0) return { ok: false, path: walk.path, reason: walk.reason }
  if (options.freeze) for (const object of walk.plain) Object.freeze(object)
  return { ok: true, bytes, shareable: walk.shareable, special: walk.special }
}

const REFUSED = -1
const BARE_NAME = /^[A-Za-z_$][\w$]*$/

class Walk {
  readonly registry: ClassRegistry
  readonly maxDepth: number
  readonly plain: object[] = []
  readonly seen = new Set<object>()
  readonly open = new Set<object>()
  shareable = true
  special = false
  reason = ''
  path = ''

  constructor(registry: ClassRegistry, maxDepth: number) {
    this.registry = registry
    this.maxDepth = maxDepth
  }

  /** Bytes below `value`, or a negative number when it is refused. */
  visit(value: unknown, depth: number): number {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) this.special = true
        return 16 + value.length
      case 'number':
        if (value === 0 && Object.is(value, -0)) this.special = true
        return 8
      case 'object':
        return value === null ? 0 : this.visitObject(value, depth)
      case 'bigint':
        return 16 + (value >> 64n === 0n || value >> 64n === -1n ? 8 : value.toString(16).length / 2)
      case 'function':
        return this.refuse('a function')
      case 'symbol':
        return this.refuse('a symbol')
      default:
        return 0
    }
  }

  private refuse(reason: string): number {
    this.reason = reason
    return REFUSED
  }

  private refuseBelow(step: string): number {
    this.path = step + this.path
    return REFUSED
  }

  private visitObject(value: object, depth: number): number {
    if (this.seen.has(value)) {
      this.special = true
      return this.open.has(value) ? this.refuse('an instance of a registered class that contains itself') : 0
    }
    if (depth >= this.maxDepth) return this.refuse(`nested deeper than ${this.maxDepth} levels`)
    this.seen.add(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return this.visitProperties(value, depth)
    if (prototype === Array.prototype) return this.visitArray(value as unknown[], depth)
    if (prototype === null) {
      this.special = true
      return this.visitProperties(value, depth)
    }
    this.shareable = false
    return this.visitSpecial(value, prototype, depth)
  }

  private visitProperties(object: object, depth: number): number {
    const keys = Object.keys(object)
    if (Object.getOwnPropertySymbols(object).length > 0) return this.refuse('an object with symbol properties')
    let bytes = 24 + 8 * keys.length
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string
      if (key.charCodeAt(0) === UNDERSCORE ? key === '__proto__' || key === '__keys__' : !isWellFormed(key))
        this.special = true
      const below = this.visit((object as Record<string, unknown>)[key], depth + 1)
      if (below < 0) return this.refuseBelow(BARE_NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)
      bytes += below
    }
    this.plain.push(object)
    return bytes
  }

  private visitArray(array: readonly unknown[], depth: number): number {
    let bytes = 32 + 8 * array.length
    for (let index = 0; index < array.length; index++) {
      const item = array[index]
      if (item === undefined && !(index in array)) return this.visitSparse(array, depth)
      const below = this.visit(item, depth + 1)
      if (below < 0) return this.refuseBelow(`[${index}]`)
      bytes += below
    }
    this.plain.push(array)
    return bytes
  }

  private visitSparse(array: readonly unknown[], depth: number): number {
    this.special = true
    return this.visitProperties(array, depth)
  }

  private visitSpecial(value: object, prototype: unknown, depth: number): number {
    switch (prototype) {
      case Date.prototype:
        return 40
      case RegExp.prototype:
        this.special = true
        return 80 + (value as RegExp).source.length
      case Map.prototype:
        return this.visitMap(value as Map<unknown, unknown>, depth)
      case Set.prototype:
        this.special = true
        return this.visitSet(value as Set<unknown>, depth)
    }
    const binary = binaryName(value)
    if (binary !== undefined) {
      if (binary !== 'Buffer') this.special = true
      return 96 + bytesOf(value).byteLength
    }
    if (faultName(value) !== undefined) return this.visitFault(value, depth)
    return this.visitRegistered(value, prototype, depth)
  }

  private visitMap(map: Map<unknown, unknown>, depth: number): number {
    let bytes = 64 + 32 * map.size
    let index = 0
    for (const [key, value] of map) {
      const ofKey = this.visit(key, depth + 1)
      if (ofKey < 0) return this.refuseBelow(`<key ${index}>`)
      const ofValue = this.visit(value, depth + 1)
      if (ofValue < 0) return this.refuseBelow(`<value ${index}>`)
      bytes += ofKey + ofValue
      index++
    }
    return bytes
  }

  private visitSet(set: Set<unknown>, depth: number): number {
    let bytes = 64 + 24 * set.size
    let index = 0
    for (const item of set) {
      const below = this.visit(item, depth + 1)
      if (below < 0) return this.refuseBelow(`<value ${index}>`)
      bytes += below
      index++
    }
    return bytes
  }

  private visitFault(error: object, depth: number): number {
    this.special = true
    let bytes = 64
    for (const key of Reflect.ownKeys(error)) {
      if (typeof key === 'symbol') return this.refuse('an error with symbol properties')
      const below = this.visit((error as Record<string, unknown>)[key], depth + 1)
      if (below < 0) return this.refuseBelow(`.${key}`)
      bytes += below + 8
    }
    return bytes
  }

  private visitRegistered(value: object, prototype: unknown, depth: number): number {
    const registered = this.registry.of(value)
    if (registered === undefined) return this.refuse(instanceOf(prototype))
    this.special = true
    this.open.add(value)
    const below = this.visit(registered.toData(value), depth + 1)
    this.open.delete(value)
    return below < 0 ? this.refuseBelow(`<${registered.name}>`) : 24 + below
  }
}

const UNDERSCORE = 0x5f

function instanceOf(prototype: unknown): string {
  const name = (prototype as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== ''
    ? `an instance of the unregistered class ${name}`
    : 'an instance of an unregistered class'
}
