import { UnkeyableArgument } from '../errors.ts'

/** The canonical text of one primitive; the same as `argumentsText([value])`, without the list. */
export function primitiveText(value: string | number | boolean | bigint | null | undefined): string {
  return leafText(value, '[0]')
}

/** The string or finite number whose canonical text this is; `undefined` when it is the text of anything else. */
export function parsePrimitive(text: string): string | number | undefined {
  if (text.charCodeAt(0) === QUOTE) {
    const body = QUOTED.exec(text)?.[1]
    if (body === undefined) return undefined
    const value = body.includes('\\') ? body.replace(ESCAPED, unescaped) : body
    return quotedText(value) === text ? value : undefined
  }
  if (!NUMERIC.test(text)) return undefined
  const value = Number(text)
  return numberText(value) === text ? value : undefined
}

/** The canonical text of a primitive at `path`. @throws UnkeyableArgument for functions and symbols; objects are not its business. */
export function leafText(value: unknown, path: string): string {
  switch (typeof value) {
    case 'string':
      return quotedText(value)
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return 'undefined'
    case 'bigint':
      return `${value}n`
    case 'object':
      return 'null'
    case 'symbol':
      throw new UnkeyableArgument(path, 'a symbol')
  }
  throw new UnkeyableArgument(path, 'a function')
}

const QUOTE = 0x22
const PLAIN = /^[ !#-[\]-z|~]*$/
const UNPRINTABLE = /[^ !#-[\]-z|~]/g
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/
const ESCAPED = /\\(?:u([0-9a-f]{4})|(.))/g
const NUMERIC = /^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/

/** A string in quotes: printable ASCII stays as it is, and quote, backslash, braces and everything else are escaped. */
export function quotedText(text: string): string {
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
