const [CR, LF, MINUS, ZERO, NINE] = [13, 10, 45, 48, 57]

const [PLUS, COLON, DOLLAR, STAR] = [43, 58, 36, 42]

/** A length or a number has at most this many digits, a line of text so many characters: more is damage. */
const LONGEST_NUMBER = 20
const LONGEST_TEXT = 64 * 1024

/** Lists are nested at most this deep: the answers of our scripts are three. */
const DEEPEST = 8

/** First elements of lists are told up to this length. */
const LONGEST_HEAD = 16

/** A reply as it looks from outside. */
export interface ReplyShape {
  readonly type: '+' | '-' | ':' | '$' | '*'
  /** Elements of a list, bytes of a string; -1 of a null. */
  readonly length: number
  /** Which of a list's first 31 elements are null, a bit each. */
  readonly nulls: number
  /** The first element of a list, if it is a short string; otherwise empty. */
  readonly head: string
}

/** A list that has begun. */
interface OpenList {
  readonly length: number
  left: number
}

/**
 * Follows the replies of a connection without decoding them: whether each is one, and where it ends (RESP2,
 * redis.io/docs/latest/develop/reference/protocol-spec). It keeps nothing but its place, skips strings unseen, and goes on
 * where the last chunk ended.
 */
export class ReplyScan {
  /** What comes next: the type of a value, its line, the line's end, the bytes of a string, its end. */
  #next: 'type' | 'line' | 'line-end' | 'bytes' | 'cr' | 'lf' = 'type'
  #type = PLUS
  #number = 0
  #digits = 0
  #isNegative = false
  #left = 0
  #head = ''
  #nulls = 0
  readonly #lists: OpenList[] = []

  /** Follows one more chunk and hands over the shape of each reply that ends in it. False when this is no reply, or none that `accept` takes. */
  follow(chunk: Uint8Array, accept: (shape: ReplyShape) => boolean): boolean {
    for (let at = 0; at < chunk.length; ) {
      if (this.#next === 'bytes') at = this.#skip(chunk, at)
      else if (this.#take(chunk[at] as number, accept)) at += 1
      else return false
    }
    return true
  }

  #skip(chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + this.#left)
    if (this.#isHead()) this.#head += Buffer.from(chunk.subarray(from, end)).toString('latin1')
    this.#left -= end - from
    if (this.#left === 0) this.#next = 'cr'
    return end
  }

  #isHead(): boolean {
    if (this.#number > LONGEST_HEAD || this.#lists.length !== 1) return false
    const list = this.#lists[0] as OpenList
    return list.left === list.length
  }

  #take(byte: number, accept: (shape: ReplyShape) => boolean): boolean {
    switch (this.#next) {
      case 'type':
        return this.#begin(byte)
      case 'line':
        if (byte !== CR) return this.#isText() ? byte !== LF && ++this.#digits <= LONGEST_TEXT : this.#digit(byte)
        this.#next = 'line-end'
        return this.#digits > 0 || this.#isText()
      case 'line-end':
        return byte === LF && this.#endLine(accept)
      case 'cr':
        this.#next = 'lf'
        return byte === CR
      default:
        return byte === LF && this.#end(false, accept)
    }
  }

  #isText(): boolean {
    return this.#type === PLUS || this.#type === MINUS
  }

  #begin(type: number): boolean {
    if (type !== DOLLAR && type !== STAR && type !== COLON && type !== PLUS && type !== MINUS) return false
    this.#type = type
    this.#number = 0
    this.#digits = 0
    this.#isNegative = false
    this.#next = 'line'
    if (this.#lists.length === 0) {
      this.#head = ''
      this.#nulls = 0
    }
    return true
  }

  #digit(byte: number): boolean {
    if (byte === MINUS && this.#digits === 0 && !this.#isNegative) {
      this.#isNegative = true
      return true
    }
    this.#number = this.#number * 10 + byte - ZERO
    this.#digits += 1
    return byte >= ZERO && byte <= NINE && this.#digits <= LONGEST_NUMBER
  }

  #endLine(accept: (shape: ReplyShape) => boolean): boolean {
    const isSized = this.#type === DOLLAR || this.#type === STAR
    if (!isSized) return this.#end(false, accept)
    if (this.#isNegative) return this.#number === 1 && this.#end(true, accept)
    if (this.#type === DOLLAR) {
      this.#left = this.#number
      this.#next = this.#left === 0 ? 'cr' : 'bytes'
      return true
    }
    if (this.#number === 0) return this.#end(false, accept)
    this.#lists.push({ length: this.#number, left: this.#number })
    this.#next = 'type'
    return this.#lists.length <= DEEPEST
  }

  /** A value has ended, and with it every list whose last element it is. */
  #end(isNull: boolean, accept: (shape: ReplyShape) => boolean): boolean {
    this.#next = 'type'
    const lists = this.#lists
    let type = this.#type
    let length = isNull ? -1 : this.#number
    for (let depth = lists.length; depth > 0; depth--) {
      const list = lists[depth - 1] as OpenList
      if (depth === 1 && length === -1) this.#nulls |= 1 << Math.min(31, list.length - list.left)
      list.left -= 1
      if (list.left > 0) return true
      lists.pop()
      type = STAR
      length = list.length
    }
    return accept({
      type: String.fromCharCode(type) as ReplyShape['type'],
      length,
      nulls: this.#nulls,
      head: this.#head,
    })
  }
}
