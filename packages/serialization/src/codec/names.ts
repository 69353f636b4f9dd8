import { FrameError } from '../errors.ts'

/** Where the names of a record definition stand: an array of strings. */
export interface Names {
  readonly count: number
  /** Where the first name begins. */
  readonly first: number
  /** Where the array ends. */
  readonly end: number
}

/** Finds the names that begin at `start`, without decoding them. @throws FrameError */
export function namesAt(source: Buffer, start: number): Names {
  const token = source[start] as number
  const [count, first] =
    (token & 0xf0) === 0x90
      ? [token & 0x0f, start + 1]
      : token === 0xdc
        ? [source.readUInt16BE(start + 1), start + 3]
        : token === 0xdd
          ? [source.readUInt32BE(start + 1), start + 5]
          : [-1, start]
  if (count < 0) throw new FrameError('FRAME_CORRUPT', 'The payload holds a record definition without names.')
  let end = first
  for (let index = 0; index < count; index++) end = bodyOf(source, end) + lengthOf(source, end)
  if (end > source.length) throw truncated()
  return { count, first, end }
}

/** Decodes names. @throws FrameError */
export function decodeNames(source: Buffer, { count, first }: Names): string[] {
  const names: string[] = []
  let at = first
  for (let index = 0; index < count; index++) {
    const body = bodyOf(source, at)
    const end = body + lengthOf(source, at)
    const name = source.toString('utf8', body, end)
    // The one name that an object literal does not define but takes for its prototype.
    if (name === '__proto__')
      throw new FrameError('FRAME_CORRUPT', 'The payload holds a record with a property named __proto__.')
    names.push(name)
    at = end
  }
  return names
}

/** Where the characters of the string at `at` begin. */
function bodyOf(source: Buffer, at: number): number {
  const token = source[at]
  if (token === 0xd9) return at + 2
  if (token === 0xda) return at + 3
  return token === 0xdb ? at + 5 : at + 1
}

/** How many bytes the string at `at` has. */
function lengthOf(source: Buffer, at: number): number {
  if (at >= source.length) throw truncated()
  const token = source[at] as number
  if (token >= 0xa0 && token < 0xc0) return token & 0x1f
  if (token === 0xd9) return source.readUInt8(at + 1)
  if (token === 0xda) return source.readUInt16BE(at + 1)
  if (token === 0xdb) return source.readUInt32BE(at + 1)
  throw new FrameError('FRAME_CORRUPT', 'The payload holds a property name that is not a string.')
}

function truncated(): FrameError {
  return new FrameError('FRAME_TRUNCATED', 'The payload ends in the middle of a name.')
}
