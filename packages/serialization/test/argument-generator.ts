/** Generated argument lists, their changed twins, and what makes two of them equal. Small values on purpose: they collide. */
export class Generator {
  private state: number

  constructor(seed: number) {
    this.state = seed | 1
  }

  /** A list of up to three arguments. */
  list(): unknown[] {
    return Array.from({ length: this.below(4) }, () => this.value(0))
  }

  /** A deep copy with at most one change, and with properties and entries in another order. */
  twin(list: readonly unknown[]): unknown[] {
    this.changes = this.below(4) === 0 ? 0 : 1
    const copy = list.map((item) => this.changed(item))
    if (this.changes > 0 && this.below(2) === 0) return this.below(2) === 0 ? [...copy, undefined] : [copy]
    return copy
  }

  private changes = 0

  // xorshift32 (Marsaglia 2003): fast, and a printed seed repeats it.
  private below(limit: number): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return (this.state >>> 0) % limit
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  private value(depth: number): unknown {
    if (depth > 3 || this.below(3) > 0) return this.leaf()
    const size = this.below(3)
    const inner = () => this.value(depth + 1)
    switch (this.below(7)) {
      case 0:
      case 1:
        return Array.from({ length: size }, inner)
      case 2:
      case 3:
        return Object.fromEntries(Array.from({ length: size }, () => [this.pick(NAMES), inner()]))
      case 4:
        return new Map(Array.from({ length: size }, () => [inner(), inner()]))
      case 5:
        return new Set(Array.from({ length: size }, inner))
      default: {
        const sparse: unknown[] = []
        sparse.length = 1 + this.below(3)
        sparse[this.below(sparse.length)] = inner()
        return sparse
      }
    }
  }

  private leaf(): unknown {
    switch (this.below(6)) {
      case 0:
        return this.pick(STRINGS)
      case 1:
        return this.pick(STRINGS) + this.pick(STRINGS)
      case 2:
        return this.pick(NUMBERS)
      case 3:
        return this.pick(OTHERS)
      case 4:
        return BigInt(this.below(5) - 2)
      default:
        return this.pick(MAKERS)(this.below(4))
    }
  }

  /** A copy of a value; where a change is left to spend, it may be spent here. */
  private changed(value: unknown): unknown {
    if (this.changes > 0 && this.below(4) === 0) {
      this.changes--
      return this.disguised(value)
    }
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const copy: unknown[] = []
      copy.length = value.length
      for (const index of Object.keys(value)) copy[Number(index)] = this.changed(value[Number(index)])
      return copy
    }
    if (value instanceof Map)
      return new Map([...value].reverse().map(([key, inner]) => [this.changed(key), this.changed(inner)]))
    if (value instanceof Set) return new Set([...value].reverse().map((inner) => this.changed(inner)))
    if (Object.getPrototypeOf(value) !== Object.prototype) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, this.changed(inner)]),
    )
  }

  /** Something that looks like the value. */
  private disguised(value: unknown): unknown {
    switch (this.below(6)) {
      case 0:
        return String(
          value instanceof Date || typeof value !== 'object'
            ? value
            : JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)),
        )
      case 1:
        return [value]
      case 2:
        return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) ? { ...value } : { value }
      case 3:
        return typeof value === 'number' ? -value : typeof value === 'string' ? Number(value) : undefined
      case 4:
        return typeof value === 'string' ? `${value}${this.pick(STRINGS)}` : null
      default:
        return this.leaf()
    }
  }
}

const NAMES = ['a', 'b', 'a=1', 'a b', '__proto__x', '', '0', '1', 'length', '{', 'é']
const STRINGS = [
  '',
  'a',
  'b',
  ',',
  '"',
  '\\',
  '1',
  '-0',
  'null',
  'undefined',
  'true',
  'a,b',
  '","',
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  '#',
  '=',
  'date(1)',
  'u',
  '\\u0041',
  '\u0000',
  '\n',
  'é',
  'e\u0301',
  '\ud83d\ude00',
  '\ud83d',
  '\ude00',
  '\ufffd',
  '1n',
  '()',
  'NaN',
]
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  10,
  0.5,
  1e21,
  1e-7,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
]
const OTHERS = [undefined, null, true, false]
const MAKERS: readonly ((n: number) => unknown)[] = [
  (n) => new Date(n === 3 ? Number.NaN : n),
  (n) => Buffer.alloc(n),
  (n) => new Uint8Array(n),
  (n) => new Int8Array(n),
  (n) => new Float64Array(n).fill(n - 1),
  (n) => new Uint8Array(n).buffer,
  (n) => new RegExp(['a', 'b', 'a', '"'][n] as string, n === 2 ? 'g' : ''),
  (n) => Object.assign(Object.create(null), n === 0 ? {} : { a: n }),
]

/** Whether two values are equal as arguments: the same types and content, whatever the order of properties and entries. */
export function equal(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
    return Object.is(left, right)
  const prototype: unknown = Object.getPrototypeOf(left)
  if (prototype !== Object.getPrototypeOf(right)) return false
  if (left instanceof Date) return Object.is(left.getTime(), (right as Date).getTime())
  if (left instanceof RegExp) return left.source === (right as RegExp).source && left.flags === (right as RegExp).flags
  if (left instanceof Map) return matched([...left], [...(right as Map<unknown, unknown>)])
  if (left instanceof Set) return matched([...left], [...(right as Set<unknown>)])
  if (ArrayBuffer.isView(left)) return sameBytes(left, right as ArrayBufferView)
  if (left instanceof ArrayBuffer) return sameBytes(new Uint8Array(left), new Uint8Array(right as ArrayBuffer))
  if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equal(Reflect.get(left, key), Reflect.get(right, key)))
  )
}

/** Whether each item of one list has an equal partner in the other. */
function matched(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false
  const free = [...right]
  return left.every((item) => {
    const index = free.findIndex((other) => equal(item, other))
    if (index < 0) return false
    free.splice(index, 1)
    return true
  })
}

function sameBytes(left: ArrayBufferView, right: ArrayBufferView): boolean {
  return (
    Buffer.compare(
      Buffer.from(left.buffer, left.byteOffset, left.byteLength),
      Buffer.from(right.buffer, right.byteOffset, right.byteLength),
    ) === 0
  )
}
