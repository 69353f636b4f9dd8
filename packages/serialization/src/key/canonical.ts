/**
 * The canonical text of an argument list: what a key is made of.
 *
 * Two lists get the same text exactly when they are equal: same types, same content, the order of object keys and of Map
 * and Set entries aside. It holds because the text can be read back in one way only (each kind of value begins with its
 * own mark, and everything of variable length is closed or escaped). The text is printable ASCII without `{` and `}`,
 * which have a meaning in Redis Cluster keys, and never begins with `#`, which marks a digest.
 *
 * | value | text |
 * |---|---|
 * | `'abc'`, `'a"b'`, `'{é'` | `"abc"`, `"a\"b"`, `"\(\u00e9"` |
 * | `42`, `-0`, `NaN`, `42n` | `42`, `-0`, `NaN`, `42n` |
 * | `true`, `null`, `undefined` | `true`, `null`, `undefined` |
 * | `[1, 'a']`, `[, 1]` | `[1,"a"]`, `sparse(2,1=1)` |
 * | `{ b: 1, a: 2 }`, null prototype | `(a=2,b=1)`, `bare(…)` |
 * | Date, RegExp | `date(1700000000000)`, `regexp("a+","g",0)` |
 * | Map, Set | `map(k=v,…)`, `set(a,b)`, sorted by text |
 * | Buffer, typed arrays, ArrayBuffer | `Buffer(base64url)`, `Float64Array(…)`, … |
 * | registered class | `class("Money",…)` |
 */

import { UnkeyableArgument } from '../errors.ts'
import { isBare, wayToProperty } from '../property-name.ts'
import { binaryName, bytesOf } from '../value/binary.ts'
import { type ClassRegistry, NO_CLASSES } from '../value/class-registry.ts'
import { describeInstance } from '../value/walk.ts'
import { leafText, quotedText } from './primitive-text.ts'
import { propertyPlan } from './property-plan.ts'

/** How deep arguments may be nested unless told otherwise. */
export const ARGUMENT_DEPTH = 64

/** What a canonical text may refer to and how deep it goes. */
export interface CanonicalOptions {
  /** Classes whose instances may be arguments. Default: none. */
  readonly classes?: ClassRegistry
  /** Levels of nesting allowed. Default 64. */
  readonly maxDepth?: number
}

interface Walk {
  readonly classes: ClassRegistry
  readonly maxDepth: number
  /** The containers around the current value, outermost first: a value that is among them is a cycle. */
  readonly ancestors: object[]
}

/**
 * The canonical text of a list of arguments, separated by commas; an empty list is the empty text.
 *
 * @throws UnkeyableArgument for functions, symbols, cycles, too deep nesting and instances of unregistered classes.
 */
export function argumentsText(args: readonly unknown[], options?: CanonicalOptions): string {
  const count = args.length
  if (count === 0) return ''
  if (count === 1 && typeof args[0] !== 'object') return leafText(args[0], '[0]')
  let text = ''
  let walk: Walk | undefined
  for (let index = 0; index < count; index++) {
    const value = args[index]
    if (index > 0) text += ','
    if (typeof value === 'object' && value !== null) {
      walk ??= { classes: options?.classes ?? NO_CLASSES, maxDepth: options?.maxDepth ?? ARGUMENT_DEPTH, ancestors: [] }
      text += located(value, walk, `[${index}]`)
    } else {
      text += leafText(value, `[${index}]`)
    }
  }
  return text
}

/** A refusal on its way up: each level puts its own step in front of the path. */
class Refusal {
  readonly reason: string
  path = ''

  constructor(reason: string) {
    this.reason = reason
  }
}

function located(value: object, walk: Walk, position: string): string {
  try {
    return nested(value, walk)
  } catch (thrown) {
    if (thrown instanceof Refusal) throw new UnkeyableArgument(position + thrown.path, thrown.reason)
    throw new UnkeyableArgument(position, 'something that cannot be read', thrown)
  }
}

function anyText(value: unknown, walk: Walk): string {
  if (typeof value === 'object' && value !== null) return nested(value, walk)
  if (typeof value === 'function') throw new Refusal('a function')
  if (typeof value === 'symbol') throw new Refusal('a symbol')
  return leafText(value, '')
}

function nested(value: object, walk: Walk): string {
  const { ancestors } = walk
  if (ancestors.length >= walk.maxDepth) {
    throw new Refusal(ancestors.includes(value) ? 'a cycle' : `a value nested deeper than ${walk.maxDepth} levels`)
  }
  if (ancestors.includes(value)) throw new Refusal('a cycle')
  ancestors.push(value)
  const text = containerText(value, walk)
  ancestors.pop()
  return text
}

function containerText(value: object, walk: Walk): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return `(${propertiesText(value, walk)})`
  if (prototype === Array.prototype) return arrayText(value as unknown[], walk)
  if (prototype === null) return `bare(${propertiesText(value, walk)})`
  return specialText(value, prototype, walk)
}

function specialText(value: object, prototype: unknown, walk: Walk): string {
  const binary = binaryName(value)
  if (binary !== undefined) return `${binary}(${bytesOf(value).toString('base64url')})`
  if (Object.keys(value).length > 0 && BUILT_IN.has(prototype))
    throw new Refusal('a built-in object with properties of its own')
  switch (prototype) {
    case Date.prototype:
      return `date(${(value as Date).getTime()})`
    case Map.prototype:
      return `map(${Array.from(value as Map<unknown, unknown>, (entry, index) => entryText(entry, index, walk))
        .sort()
        .join()})`
    case Set.prototype:
      return `set(${Array.from(value as Set<unknown>, (item, index) => step(item, walk, index, wayToValue))
        .sort()
        .join()})`
    case RegExp.prototype: {
      const { source, flags, lastIndex } = value as RegExp
      return `regexp(${quotedText(source)},${quotedText(flags)},${lastIndex})`
    }
  }
  const registered = walk.classes.of(value)
  if (registered === undefined) throw new Refusal(describeInstance(prototype))
  return `class(${quotedText(registered.name)},${anyText(registered.toData(value), walk)})`
}

const BUILT_IN: ReadonlySet<unknown> = new Set([Date.prototype, Map.prototype, Set.prototype, RegExp.prototype])

/** The text of something inside a container; on a refusal, `way(place)` is put in front of its path. */
function step(value: unknown, walk: Walk, place: string | number, way: (place: never) => string): string {
  if (typeof value === 'object' ? value === null : typeof value !== 'function' && typeof value !== 'symbol')
    return leafText(value, '')
  try {
    return anyText(value, walk)
  } catch (thrown) {
    if (thrown instanceof Refusal) thrown.path = way(place as never) + thrown.path
    throw thrown
  }
}

function entryText([key, value]: [unknown, unknown], index: number, walk: Walk): string {
  return `${step(key, walk, index, wayToKey)}=${step(value, walk, index, wayToValue)}`
}

function arrayText(array: readonly unknown[], walk: Walk): string {
  const keys = Object.keys(array)
  if (keys.length !== array.length || Reflect.ownKeys(array).length !== keys.length + 1) return sparseText(array, walk)
  let text = ''
  for (let index = 0; index < array.length; index++) {
    if (index > 0) text += ','
    text += step(array[index], walk, index, wayToItem)
  }
  return `[${text}]`
}

function sparseText(array: readonly unknown[], walk: Walk): string {
  let text = ''
  for (const key of Reflect.ownKeys(array)) {
    if (key === 'length') continue
    if (typeof key === 'symbol' || String(Number(key) >>> 0) !== key)
      throw new Refusal(`an array with the property ${String(key)}`)
    text += `,${key}=${step(array[Number(key)], walk, Number(key), wayToItem)}`
  }
  return `sparse(${array.length}${text})`
}

function propertiesText(object: object, walk: Walk): string {
  if (Object.getOwnPropertySymbols(object).length > 0) throw new Refusal('an object with symbol properties')
  const { sorted, before } = propertyPlan(Object.keys(object), nameText)
  let text = ''
  for (let index = 0; index < sorted.length; index++) {
    const key = sorted[index] as string
    const value = (object as Record<string, unknown>)[key]
    text += before[index] as string
    text += typeof value === 'string' ? quotedText(value) : step(value, walk, key, wayToProperty)
  }
  return text
}

function nameText(key: string): string {
  return isBare(key) ? key : quotedText(key)
}

function wayToItem(index: number): string {
  return `[${index}]`
}

function wayToKey(index: number): string {
  return `<key ${index}>`
}

function wayToValue(index: number): string {
  return `<value ${index}>`
}
