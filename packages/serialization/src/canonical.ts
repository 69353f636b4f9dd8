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
import { binaryName, bytesOf } from './binary.ts'
import { type ClassRegistry, NO_CLASSES } from './class-registry.ts'
import { UnkeyableArgument } from './errors.ts'
import { describeInstance } from './walk.ts'

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
  if (count === 1 && typeof args[0] !== 'object') return leaf(args[0], '[0]')
  let text = ''
  let walk: Walk | undefined
  for (let index = 0; index < count; index++) {
    const value = args[index]
    if (index > 0) text += ','
    if (typeof value === 'object' && value !== null) {
      walk ??= { classes: options?.classes ?? NO_CLASSES, maxDepth: options?.maxDepth ?? ARGUMENT_DEPTH, ancestors: [] }
      text += located(value, walk, `[${index}]`)
    } else {
      text += leaf(value, `[${index}]`)
    }
  }
  return text
}

/** The canonical text of one primitive; the same as `argumentsText([value])`, without the list. */
export function primitiveText(value: string | number | boolean | bigint | null | undefined): string {
  return leaf(value, '[0]')
}

/** The string or finite number whose canonical text this is; `undefined` when it is the text of anything else. */
export function parsePrimitive(text: string): string | number | undefined {
  if (text.charCodeAt(0) === QUOTE) {
    const body = QUOTED.exec(text)?.[1]
    if (body === undefined) return undefined
    const value = body.includes('\\') ? body.replace(ESCAPED, unescaped) : body
    return quoted(value) === text ? value : undefined
  }
  if (!NUMERIC.test(text)) return undefined
  const value = Number(text)
  return numberText(value) === text ? value : undefined
}

const QUOTE = 0x22
const PLAIN = /^[ !#-[\]-z|~]*$/
const UNPRINTABLE = /[^ !#-[\]-z|~]/g
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/
const ESCAPED = /\\(?:u([0-9a-f]{4})|(.))/g
const NUMERIC = /^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/
const BARE_NAME = /^[A-Za-z_$][\w$]*$/

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : `"${text.replace(UNPRINTABLE, escaped)}"`
}

function escaped(unit: string): string {
  switch (unit) {
    case '"':
      return '\\"'
    case '\\':
      return '\\\\'
    case '{':
      return '\\('
    case '}':
      return '\\)'
    default:
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  }
}

function unescaped(_match: string, unit: string | undefined, mark: string | undefined): string {
  if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16))
  if (mark === '(') return '{'
  return mark === ')' ? '}' : (mark as string)
}

function numberText(value: number): string {
  return value === 0 && Object.is(value, -0) ? '-0' : `${value}`
}

function leaf(value: unknown, path: string): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return 'undefined'
    case 'bigint':
      return `${value}n`
    case 'object':
      if (value === null) return 'null'
      break
    case 'symbol':
      throw new UnkeyableArgument(path, 'a symbol')
  }
  throw new UnkeyableArgument(path, 'a function')
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
    throw thrown instanceof Refusal ? new UnkeyableArgument(position + thrown.path, thrown.reason) : thrown
  }
}

function anyText(value: unknown, walk: Walk): string {
  if (typeof value === 'object' && value !== null) return nested(value, walk)
  if (typeof value === 'function') throw new Refusal('a function')
  if (typeof value === 'symbol') throw new Refusal('a symbol')
  return leaf(value, '')
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
  switch (prototype) {
    case Date.prototype:
      return `date(${(value as Date).getTime()})`
    case Map.prototype:
      return `map(${Array.from(value as Map<unknown, unknown>, (entry, index) => entryText(entry, index, walk))
        .sort()
        .join()})`
    case Set.prototype:
      return `set(${Array.from(value as Set<unknown>, (item, index) => step(item, walk, `<value ${index}>`))
        .sort()
        .join()})`
    case RegExp.prototype: {
      const { source, flags, lastIndex } = value as RegExp
      return `regexp(${quoted(source)},${quoted(flags)},${lastIndex})`
    }
  }
  const binary = binaryName(value)
  if (binary !== undefined) return `${binary}(${bytesOf(value).toString('base64url')})`
  const registered = walk.classes.of(value)
  if (registered === undefined) throw new Refusal(describeInstance(prototype))
  return `class(${quoted(registered.name)},${anyText(registered.toData(value), walk)})`
}

function step(value: unknown, walk: Walk, way: string): string {
  try {
    return anyText(value, walk)
  } catch (thrown) {
    if (thrown instanceof Refusal) thrown.path = way + thrown.path
    throw thrown
  }
}

function entryText([key, value]: [unknown, unknown], index: number, walk: Walk): string {
  return `${step(key, walk, `<key ${index}>`)}=${step(value, walk, `<value ${index}>`)}`
}

function arrayText(array: readonly unknown[], walk: Walk): string {
  const keys = Object.keys(array)
  if (keys.length !== array.length || Reflect.ownKeys(array).length !== keys.length + 1) return sparseText(array, walk)
  let text = ''
  for (let index = 0; index < array.length; index++) {
    if (index > 0) text += ','
    text += step(array[index], walk, `[${index}]`)
  }
  return `[${text}]`
}

function sparseText(array: readonly unknown[], walk: Walk): string {
  let text = ''
  for (const key of Reflect.ownKeys(array)) {
    if (key === 'length') continue
    if (typeof key === 'symbol' || String(Number(key) >>> 0) !== key)
      throw new Refusal(`an array with the property ${String(key)}`)
    text += `,${key}=${step(array[Number(key)], walk, `[${key}]`)}`
  }
  return `sparse(${array.length}${text})`
}

function propertiesText(object: object, walk: Walk): string {
  const keys = Object.keys(object)
  if (Reflect.ownKeys(object).length !== keys.length) throw new Refusal('an object with symbol or hidden properties')
  if (!ascending(keys)) keys.sort()
  let text = ''
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    if (index > 0) text += ','
    text += `${BARE_NAME.test(key) ? key : quoted(key)}=${step((object as Record<string, unknown>)[key], walk, wayTo(key))}`
  }
  return text
}

function ascending(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return false
  }
  return true
}

function wayTo(key: string): string {
  return BARE_NAME.test(key) ? `.${key}` : `[${quoted(key)}]`
}
