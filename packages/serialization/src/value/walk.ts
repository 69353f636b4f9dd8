import { wayToProperty } from '../property-name.ts'
import { isWellFormed } from '../well-formed.ts'
import { binaryName, bytesOf } from './binary.ts'
import type { ClassRegistry } from './class-registry.ts'
import { faultName } from './fault.ts'
import { bigIntWeight, stringWeight, WEIGHT } from './weight.ts'

/** How deep values may be nested unless told otherwise. */
export const VALUE_DEPTH = 256

/** Objects one value may be made of. */
export const MAX_OBJECTS = 1_000_000

/** How to examine. */
export interface ExamineOptions {
  /** Classes whose instances are accepted. */
  readonly registry: ClassRegistry
  /** Whether to freeze plain objects and arrays, deeply, once the value is accepted. */
  readonly freeze: boolean
  /** Levels of nesting allowed. Default 256. */
  readonly maxDepth?: number
  /**
   * The value has just come out of `decode`, so what cannot come out of it is not looked for, which takes half the time;
   * `special` is then always true, as nobody looked. Default false.
   */
  readonly decoded?: boolean
}

const REFUSED = -1
const UNDERSCORE = 0x5f
/** Objects visited without a memory before the walk gives up: shared subtrees may multiply. */
const QUICK_OBJECTS = 50_000

const BUILT_IN: ReadonlySet<unknown> = new Set([Date.prototype, RegExp.prototype, Map.prototype, Set.prototype])

/** One pass over a value. */
export class Walk {
  /** Plain objects and arrays in the order they were left; those that only exist while a class instance is turned into data are not among them. */
  readonly plain: object[] = []
  shareable = true
  special: boolean
  /** Whether the walk stopped for lack of a memory or of depth, and must be repeated with one to know. */
  lost = false
  /** Why and where the value was refused. */
  reason = ''
  path = ''

  private readonly registry: ClassRegistry
  private readonly maxDepth: number
  private readonly decoded: boolean
  private readonly seen: Set<object> | undefined
  /** Instances of registered classes whose data is being visited. */
  private readonly open: object[] = []
  /** Whether somebody made properties of Object.prototype or Array.prototype enumerable: for-in then visits them too. */
  private readonly polluted = hasInherited()
  private objects = 0
  private unfrozen: Set<object> | undefined

  /** `seen` remembers what was met; without it the walk is quick, and may get lost. */
  constructor(options: ExamineOptions, seen: Set<object> | undefined) {
    this.registry = options.registry
    this.maxDepth = options.maxDepth ?? VALUE_DEPTH
    this.decoded = options.decoded ?? false
    this.special = this.decoded
    this.seen = seen
  }

  /** Bytes of `value` and all below it, or a negative number when it is refused. */
  visit(value: unknown, depth: number): number {
    switch (typeof value) {
      case 'string':
        if (!this.special && !isWellFormed(value)) this.special = true
        return stringWeight(value)
      case 'number':
        if (value === 0 && Object.is(value, -0)) this.special = true
        return WEIGHT.number
      case 'object':
        return value === null ? 0 : this.visitObject(value, depth)
      case 'bigint':
        return bigIntWeight(value)
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
    const { seen } = this
    if (seen === undefined) {
      if (++this.objects > QUICK_OBJECTS) return this.giveUp('')
    } else {
      if (seen.has(value)) {
        this.special = true
        return this.open.includes(value) ? this.refuse('an instance of a registered class that contains itself') : 0
      }
      if (++this.objects > MAX_OBJECTS) return this.refuse(`made of more than ${MAX_OBJECTS} objects`)
      seen.add(value)
    }
    if (depth >= this.maxDepth) return this.giveUp(`nested deeper than ${this.maxDepth} levels`)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return this.visitProperties(value, depth)
    if (prototype === Array.prototype) return this.visitArray(value as unknown[], depth)
    if (prototype === null) {
      this.special = true
      return this.visitProperties(value, depth)
    }
    this.shareable = false
    return seen === undefined && this.isRepeated(value) ? 0 : this.visitSpecial(value, prototype, depth)
  }

  /** Remembers what cannot be frozen on the quick walk too: there freezing does not tell that it was met before. */
  private isRepeated(value: object): boolean {
    this.unfrozen ??= new Set()
    if (!this.unfrozen.has(value)) {
      this.unfrozen.add(value)
      return false
    }
    this.special = true
    // An instance within its own data is for the exact walk to tell.
    if (this.open.length > 0) this.lost = true
    return true
  }

  private giveUp(reason: string): number {
    this.lost = true
    return this.refuse(reason)
  }

  private visitProperties(object: object, depth: number): number {
    if (!this.decoded && Object.getOwnPropertySymbols(object).length > 0)
      return this.refuse('an object with symbol properties')
    let bytes = WEIGHT.object
    // for-in reads properties several times faster than Object.keys does.
    for (const key in object) {
      if (this.polluted && !Object.hasOwn(object, key)) continue
      const below = this.visit((object as Record<string, unknown>)[key], depth + 1)
      if (below < 0) return this.refuseBelow(wayToProperty(key))
      bytes += below + WEIGHT.slot
      if (!this.special && !ordinary(key)) this.special = true
    }
    this.collect(object)
    return bytes
  }

  private visitArray(array: readonly unknown[], depth: number): number {
    if (!this.decoded && Object.keys(array).length !== array.length) {
      return this.refuse('an array with holes or properties of its own')
    }
    let bytes = WEIGHT.array + WEIGHT.slot * array.length
    for (let index = 0; index < array.length; index++) {
      const below = this.visit(array[index], depth + 1)
      if (below < 0) return this.refuseBelow(`[${index}]`)
      bytes += below
    }
    this.collect(array)
    return bytes
  }

  private collect(object: object): void {
    // What toData returned may be the instance's own insides, which must not be frozen.
    if (this.open.length === 0) this.plain.push(object)
  }

  private visitSpecial(value: object, prototype: unknown, depth: number): number {
    const binary = binaryName(value)
    if (binary !== undefined) {
      if (binary !== 'Buffer') this.special = true
      return WEIGHT.binary + bytesOf(value).byteLength
    }
    if (faultName(value) !== undefined) return this.visitFault(value, depth)
    if (!BUILT_IN.has(prototype)) return this.visitRegistered(value, prototype, depth)
    if (Object.keys(value).length > 0) return this.refuse('a built-in object with properties of its own')
    switch (prototype) {
      case Map.prototype:
        return this.visitMap(value as Map<unknown, unknown>, depth)
      case Set.prototype:
        return this.visitSet(value as Set<unknown>, depth)
      case RegExp.prototype:
        this.special = true
        return WEIGHT.regexp + stringWeight((value as RegExp).source)
    }
    // A date; what only has the prototype of one throws here.
    Date.prototype.getTime.call(value)
    return WEIGHT.date
  }

  private visitMap(map: Map<unknown, unknown>, depth: number): number {
    let bytes = WEIGHT.map
    let index = 0
    for (const [key, value] of map) {
      const ofKey = this.visit(key, depth + 1)
      if (ofKey < 0) return this.refuseBelow(`<key ${index}>`)
      const ofValue = this.visit(value, depth + 1)
      if (ofValue < 0) return this.refuseBelow(`<value ${index}>`)
      bytes += ofKey + ofValue + WEIGHT.mapEntry
      index++
    }
    return bytes
  }

  private visitSet(set: Set<unknown>, depth: number): number {
    this.special = true
    let bytes = WEIGHT.set
    let index = 0
    for (const item of set) {
      const below = this.visit(item, depth + 1)
      if (below < 0) return this.refuseBelow(`<value ${index}>`)
      bytes += below + WEIGHT.setEntry
      index++
    }
    return bytes
  }

  private visitFault(error: object, depth: number): number {
    this.special = true
    let bytes = WEIGHT.error
    for (const key of Reflect.ownKeys(error)) {
      if (typeof key === 'symbol') return this.refuse('an error with symbol properties')
      const below = this.visit((error as Record<string, unknown>)[key], depth + 1)
      if (below < 0) return this.refuseBelow(wayToProperty(key))
      bytes += below + WEIGHT.slot
    }
    return bytes
  }

  private visitRegistered(value: object, prototype: unknown, depth: number): number {
    const registered = this.registry.of(value)
    if (registered === undefined) return this.refuse(describeInstance(prototype))
    this.special = true
    let data: unknown
    try {
      data = registered.toData(value)
    } catch (cause) {
      return this.refuse(`an instance of ${registered.name} whose toData failed (${String(cause)})`)
    }
    this.open.push(value)
    const below = this.visit(data, depth + 1)
    this.open.pop()
    return below < 0 ? this.refuseBelow(`<${registered.name}>`) : WEIGHT.object + below
  }
}

/** Whether msgpackr keeps a property of this name. It renames `__proto__`, and confuses `__keys__` with a field of its own. */
export function ordinary(key: string): boolean {
  return key.charCodeAt(0) === UNDERSCORE
    ? key !== '__proto__' && key !== '__keys__' && isWellFormed(key)
    : isWellFormed(key)
}

/** What an instance of an unknown class is called in messages. */
export function describeInstance(prototype: unknown): string {
  const name = (prototype as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== ''
    ? `an instance of the unregistered class ${name}`
    : 'an instance of an unregistered class'
}

function hasInherited(): boolean {
  for (const _ in []) return true
  return false
}
