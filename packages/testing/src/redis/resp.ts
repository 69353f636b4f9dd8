/**
 * The part of the Redis serialization protocol, version 2, that tests need: writing commands and reading replies.
 * Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */

/** What a command may be made of; numbers and bigints are sent as decimal text. */
export type RedisArgument = string | number | bigint | Uint8Array

/** A reply of Redis: text or bytes, a whole number (bigint past 2^53), null, or a list of replies. */
export type RedisReply = string | Uint8Array | number | bigint | null | readonly RedisReply[] | Error

/** The state of a reader that has not seen the end of a reply yet. */
const INCOMPLETE = Symbol('incomplete')

/** One complete request or reply and where it ends. */
interface Parsed {
  readonly value: RedisReply
  readonly end: number
}

/** The bytes of one command. */
export function encodeCommand(args: readonly RedisArgument[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const argument of args) {
    const bytes = argument instanceof Uint8Array ? argument : Buffer.from(String(argument))
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

/**
 * Reads replies out of a stream of chunks. Bulk replies come as bytes; error replies are values made by `toError`.
 * A chunk that is not the protocol throws.
 */
export class ReplyReader {
  readonly #toError: (message: string) => Error
  #chunks: Buffer[] = []
  #length = 0
  /** Bytes that must be there before another attempt makes sense, so that a large reply is not reparsed at every chunk. */
  #wanted = 0

  constructor(toError: (message: string) => Error) {
    this.#toError = toError
  }

  /** Takes a chunk and returns the replies it completes, in order. */
  push(chunk: Uint8Array): RedisReply[] {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#length += chunk.byteLength
    if (this.#length < this.#wanted) return []
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#length)
    const replies: RedisReply[] = []
    let start = 0
    this.#wanted = 0
    for (;;) {
      const parsed = this.#parse(bytes, start)
      if (parsed === INCOMPLETE) break
      replies.push(parsed.value)
      start = parsed.end
    }
    const rest = bytes.subarray(start)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#length = rest.length
    this.#wanted = Math.max(0, this.#wanted - start)
    return replies
  }

  #parse(bytes: Buffer, start: number): Parsed | typeof INCOMPLETE {
    const eol = bytes.indexOf('\r\n', start)
    if (eol < 0) return INCOMPLETE
    const line = bytes.toString('utf8', start + 1, eol)
    const end = eol + 2
    switch (bytes[start]) {
      case 0x2b: // +
        return { value: line, end }
      case 0x2d: // -
        return { value: this.#toError(line), end }
      case 0x3a: // :
        return { value: wholeNumber(line), end }
      case 0x24: // $
        return this.#bulk(bytes, end, Number(line))
      case 0x2a: // *
        return this.#list(bytes, end, Number(line))
      default:
        throw new Error(`Not a reply of the Redis protocol: it starts with byte ${bytes[start]}.`)
    }
  }

  #bulk(bytes: Buffer, start: number, length: number): Parsed | typeof INCOMPLETE {
    if (length === -1) return { value: null, end: start }
    if (!Number.isSafeInteger(length) || length < 0)
      throw new Error('Not a reply of the Redis protocol: a bulk has no valid length.')
    const end = start + length + 2
    if (bytes.length < end) {
      this.#wanted = end
      return INCOMPLETE
    }
    return { value: bytes.subarray(start, start + length), end }
  }

  #list(bytes: Buffer, start: number, length: number): Parsed | typeof INCOMPLETE {
    if (length === -1) return { value: null, end: start }
    if (!Number.isSafeInteger(length) || length < 0)
      throw new Error('Not a reply of the Redis protocol: a list has no valid length.')
    const items: RedisReply[] = []
    let end = start
    for (let left = length; left > 0; left--) {
      const item = this.#parse(bytes, end)
      if (item === INCOMPLETE) return INCOMPLETE
      items.push(item.value)
      end = item.end
    }
    return { value: items, end }
  }
}

/** The same reply with its bytes read as UTF-8. */
export function asText(reply: RedisReply): RedisReply {
  if (reply instanceof Uint8Array) return Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength).toString('utf8')
  if (Array.isArray(reply)) return reply.map(asText)
  return reply
}

function wholeNumber(line: string): number | bigint {
  const value = Number(line)
  return Number.isSafeInteger(value) ? value : BigInt(line)
}
