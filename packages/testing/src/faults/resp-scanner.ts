/** A piece of a stream that ends where a message ends, or where the chunk that carried it ended. */
export interface Segment {
  readonly bytes: Buffer
  /** What kind of message the piece belongs to; `opaque` once the stream turned out not to be the Redis protocol. */
  readonly type: 'request' | 'reply' | 'push' | 'opaque'
  /** The command's name in capitals; empty for everything but requests. */
  readonly name: string
  /** Whether the piece holds the beginning of its message. */
  readonly first: boolean
  /** Whether the piece holds the end of its message. */
  readonly last: boolean
}

const CR = 0x0d
const LF = 0x0a
const ASTERISK = 0x2a
const LINES = new Set([...'+-:_#,('].map(code))
const BULKS = new Set([...'$!='].map(code))
const SINGLES = new Set([...'*~>'].map(code))
const PAIRS = new Set([...'%|'].map(code))
/** Redis itself stops reading an inline command at 64 KiB; a reply's line can be a long one of MONITOR. */
const LONGEST_LINE = { requests: 65_536, replies: 16_777_216 }

/**
 * Cuts a byte stream at the ends of its messages, in RESP2, RESP3 and inline commands, without holding large messages:
 * of each only the lines and a request's first word are looked at. No byte is lost, added or reordered; a stream that is not
 * the protocol passes through as opaque pieces.
 *
 * Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export class RespScanner {
  readonly #side: 'requests' | 'replies'
  #opaque = false
  /** Bytes of the current message's head that wait for more, so that a request is never passed on before its name is known. */
  #held: Buffer = Buffer.alloc(0)
  /** How many values are still to come at each level; empty between messages. */
  #open: number[] = []
  /** Bytes of the current bulk, its line end included, that are still to come. */
  #skip = 0
  #begun = false
  #push = false
  #name: string | undefined

  constructor(side: 'requests' | 'replies') {
    this.#side = side
  }

  /** Takes a chunk and returns the pieces it completes, in order. */
  scan(chunk: Buffer): Segment[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = Buffer.alloc(0)
    if (this.#opaque) return [this.#opaquePiece(bytes)]
    const segments: Segment[] = []
    let start = 0
    let at = 0
    while (at < bytes.length) {
      const next = this.#step(bytes, at)
      if (next === 'opaque') {
        this.#opaque = true
        segments.push(this.#opaquePiece(bytes.subarray(start)))
        return segments
      }
      if (next === 'more') break
      at = next
      if (this.#open.length === 0 && this.#skip === 0) {
        segments.push(this.#piece(bytes.subarray(start, at), true))
        start = at
      }
    }
    return this.#holdRest(segments, bytes, start, at)
  }

  /** Bytes that were held when the stream ended. */
  flush(): Segment[] {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return rest.length === 0 ? [] : [this.#opaquePiece(rest)]
  }

  #holdRest(segments: Segment[], bytes: Buffer, start: number, at: number): Segment[] {
    const known = this.#side === 'replies' || this.#name !== undefined
    const until = known ? at : start
    if (until > start) segments.push(this.#piece(bytes.subarray(start, until), false))
    this.#held = bytes.subarray(until)
    // What was looked at but not passed on is looked at again, from the message's beginning.
    if (!known) this.#reset()
    return segments
  }

  /** Consumes one line or (part of) one bulk and returns where it ended. */
  #step(bytes: Buffer, at: number): number | 'more' | 'opaque' {
    if (this.#skip > 0) return this.#skipBulk(bytes, at)
    const eol = bytes.indexOf(LF, at)
    if (eol < 0) return bytes.length - at > LONGEST_LINE[this.#side] ? 'opaque' : 'more'
    const outside = this.#open.length === 0
    if (outside && this.#side === 'requests' && bytes[at] !== ASTERISK) return this.#inline(bytes, at, eol)
    if (bytes[eol - 1] !== CR) return 'opaque'
    return this.#line(bytes[at] as number, bytes.toString('latin1', at + 1, eol - 1), eol + 1)
  }

  #line(type: number, text: string, end: number): number | 'opaque' {
    if (this.#open.length === 0) {
      this.#open.push(1)
      this.#push = type === code('>')
    }
    if (LINES.has(type)) return this.#valueDone(end)
    const length = Number(text)
    if (text === '' || !Number.isSafeInteger(length) || length < -1) return 'opaque'
    if (BULKS.has(type)) {
      if (length === -1) return this.#valueDone(end)
      this.#skip = length + 2
      return end
    }
    const isPairs = PAIRS.has(type)
    if (!isPairs && !SINGLES.has(type)) return 'opaque'
    // An attribute ('|') precedes the value it belongs to instead of being one.
    if (type === code('|')) this.#open.push((this.#open.pop() as number) + 1)
    if (length <= 0) return this.#valueDone(end)
    this.#open.push(isPairs ? length * 2 : length)
    return end
  }

  #skipBulk(bytes: Buffer, at: number): number | 'more' {
    const available = bytes.length - at
    if (this.#side === 'requests' && this.#name === undefined) {
      if (available < this.#skip) return 'more'
      this.#name = bytes.toString('latin1', at, at + this.#skip - 2).toUpperCase()
    }
    const taken = Math.min(available, this.#skip)
    this.#skip -= taken
    return this.#skip === 0 ? this.#valueDone(at + taken) : at + taken
  }

  #valueDone(end: number): number {
    for (let left = 0; left === 0 && this.#open.length > 0; ) {
      left = (this.#open.pop() as number) - 1
      if (left > 0) this.#open.push(left)
    }
    return end
  }

  #inline(bytes: Buffer, at: number, eol: number): number {
    this.#name = (bytes.toString('latin1', at, eol).trim().split(/\s+/)[0] ?? '').toUpperCase()
    return eol + 1
  }

  #piece(bytes: Buffer, last: boolean): Segment {
    const type = this.#side === 'requests' ? 'request' : this.#push ? 'push' : 'reply'
    const segment: Segment = { bytes, type, name: this.#name ?? '', first: !this.#begun, last }
    this.#begun = !last
    if (last) this.#reset()
    return segment
  }

  #opaquePiece(bytes: Buffer): Segment {
    return { bytes, type: 'opaque', name: '', first: false, last: false }
  }

  #reset(): void {
    this.#open = []
    this.#skip = 0
    this.#begun = false
    this.#push = false
    this.#name = undefined
  }
}

function code(character: string): number {
  return character.charCodeAt(0)
}
