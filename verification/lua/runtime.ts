/** What a chunk sees beside its locals. Strings are bytes as latin-1 characters; tables are arrays whose first item is at 1. */
export type Globals = Readonly<Record<string, unknown>>

/** Several values returned at once. */
class Many {
  readonly values: readonly unknown[]

  constructor(values: readonly unknown[]) {
    this.values = values
  }
}

/** The operators, as Lua defines them. */
export const OPERATORS = {
  truthy,
  and: (a: unknown, b: () => unknown) => (truthy(a) ? b() : a),
  or: (a: unknown, b: () => unknown) => (truthy(a) ? a : b()),
  less: (a: unknown, b: unknown) => {
    if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string'))
      throw new TypeError(`attempt to compare ${typeof a} with ${typeof b}`)
    return (a as number) < (b as number)
  },
  modulo: (a: unknown, b: unknown) => numberOf(a) - Math.floor(numberOf(a) / numberOf(b)) * numberOf(b),
  number: numberOf,
  text: textOf,
  length: (value: unknown) => (typeof value === 'string' ? value.length : (value as unknown[]).length - 1),
  first: (value: unknown) => (value instanceof Many ? value.values[0] : value),
  all: (value: unknown) => (value instanceof Many ? value.values : [value]),
  pairs: function* (list: readonly unknown[]): Generator<[number, unknown]> {
    for (let at = 1; at < list.length && list[at] !== undefined; at++) yield [at, list[at]]
  },
}

/** The libraries that scripts use, without `redis`. */
export const LIBRARIES: Globals = {
  tonumber: (value: unknown) => (typeof value === 'number' ? value : parse(value)),
  tostring: (value: unknown) =>
    value === undefined ? 'nil' : typeof value === 'boolean' ? String(value) : textOf(value),
  type: (value: unknown) =>
    value === undefined
      ? 'nil'
      : Array.isArray(value) || (typeof value === 'object' && value !== null)
        ? 'table'
        : typeof value,
  math: {
    floor: (value: unknown) => Math.floor(numberOf(value)),
    max: (...all: unknown[]) => Math.max(...all.map(numberOf)),
    min: (...all: unknown[]) => Math.min(...all.map(numberOf)),
    huge: Number.POSITIVE_INFINITY,
  },
  string: {
    sub: (text: unknown, from: number, to = -1) => slice(textOf(text), from, to),
    byte: (text: unknown, at = 1) => (at > textOf(text).length ? undefined : textOf(text).charCodeAt(at - 1)),
    char: (...codes: number[]) => String.fromCharCode(...codes),
    rep: (text: string, count: number) => text.repeat(Math.max(0, count)),
    format,
    match: (text: string, pattern: string) => {
      const found = regexpOf(pattern).exec(text)
      if (found === null) return undefined
      return new Many(found.length > 1 ? found.slice(1) : found)
    },
  },
  table: {
    remove: (list: unknown[]) => (list.length > 1 ? list.pop() : undefined),
    concat: (list: readonly unknown[], between = '') => list.slice(1).map(textOf).join(between),
  },
  struct: {
    pack: (form: string, value: number) => {
      if (form !== '>d') throw new TypeError(`struct.pack: form ${form} is not known`)
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleBE(value)
      return bytes.toString('latin1')
    },
    unpack: (form: string, text: string, at = 1) => {
      if (form !== '>d') throw new TypeError(`struct.unpack: form ${form} is not known`)
      if (text.length < at + 7) throw new TypeError('data string too short')
      return new Many([Buffer.from(text.slice(at - 1, at + 7), 'latin1').readDoubleBE(0), at + 8])
    },
  },
}

function truthy(value: unknown): boolean {
  return value !== undefined && value !== false && value !== null
}

function numberOf(value: unknown): number {
  const number = typeof value === 'number' ? value : parse(value)
  if (number === undefined) throw new TypeError(`attempt to perform arithmetic on ${String(value)}`)
  return number
}

function parse(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

/** Lua 5.1 writes numbers with 14 significant digits. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'number')
    throw new TypeError(`attempt to concatenate a ${value === undefined ? 'nil' : typeof value} value`)
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return String(value)
  const [digits = '', exponent = '0'] = value.toExponential(13).split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 14)
    return `${digits.replace(/\.?0+$/, '')}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  return String(Number(value.toPrecision(14)))
}

function slice(text: string, from: number, to: number): string {
  const start = from < 0 ? Math.max(text.length + from, 0) : Math.max(from - 1, 0)
  return text.slice(start, to < 0 ? text.length + to + 1 : to)
}

function format(form: string, ...values: unknown[]): string {
  let at = 0
  return form.replace(/%(\.0f|d|s|%)/g, (_, kind: string) => {
    if (kind === '%') return '%'
    const value = values[at++]
    return kind === 's' ? textOf(value) : String(Math.trunc(numberOf(value)))
  })
}

const patterns = new Map<string, RegExp>()
const CLASSES: Readonly<Record<string, string>> = {
  d: '\\d',
  x: '[\\da-fA-F]',
  a: '[A-Za-z]',
  w: '[A-Za-z0-9]',
  s: '\\s',
}

/** Lua patterns as far as they are classes, repetitions and captures. */
function regexpOf(pattern: string): RegExp {
  const known = patterns.get(pattern)
  if (known !== undefined) return known
  const source = pattern.replace(/%(.)/g, (_, code: string) => CLASSES[code] ?? `\\${code}`)
  const made = new RegExp(source, 's')
  patterns.set(pattern, made)
  return made
}
