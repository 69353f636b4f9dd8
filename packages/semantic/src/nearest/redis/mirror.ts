import { CODE_BYTES, CODE_WORDS } from './sign-code.ts'

/** A place of a scope and by how many bits its code differs from the one asked for. */
export interface Candidate {
  readonly slot: number
  readonly distance: number
}

/**
 * A process's copy of the codes of one scope, 32 bytes a place. Places are numbered; an empty one is all zeros.
 *
 * It follows the scope's log: `position` says how far. Whatever the order of changes, once it has caught up it equals the codes
 * in Redis, because a change names a place and brings that place's code of now.
 */
export class Mirror {
  /** Names the life of the scope in Redis; another one shares nothing with it. */
  readonly generation: string
  position: number
  #words: Uint32Array
  #slots: number

  constructor(generation: string, position: number, codes: Uint8Array) {
    this.generation = generation
    this.position = position
    this.#slots = Math.floor(codes.length / CODE_BYTES)
    this.#words = new Uint32Array(this.#slots * CODE_WORDS)
    this.#write(0, codes.subarray(0, this.#slots * CODE_BYTES))
  }

  /** Places, empty ones included. */
  get slots(): number {
    return this.#slots
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#words.byteLength
  }

  /** Takes over the code of one place. */
  put(slot: number, code: Uint8Array): void {
    if (slot >= this.#slots) {
      this.#slots = slot + 1
      if (this.#slots * CODE_WORDS > this.#words.length) {
        const grown = new Uint32Array(roomFor(this.#slots) * CODE_WORDS)
        grown.set(this.#words)
        this.#words = grown
      }
    }
    this.#write(slot, code)
  }

  /** The place's code, for tests and for comparing with Redis. */
  code(slot: number): Uint8Array {
    return new Uint8Array(this.#words.slice(slot * CODE_WORDS, (slot + 1) * CODE_WORDS).buffer)
  }

  /**
   * The `limit` places whose codes are nearest, the nearest first.
   *
   * A scan that gives up on a code as soon as its first half is already too far: with `limit` much smaller than the number of
   * places that is most of them.
   */
  nearest(code: Uint8Array, limit: number): Candidate[] {
    const query = wordsOf(code)
    const words = this.#words
    const end = this.#slots * CODE_WORDS
    const [q0, q1, q2, q3, q4, q5, q6, q7] = query as unknown as EightWords
    const found: Candidate[] = []
    let worst = limit > 0 ? Number.POSITIVE_INFINITY : -1
    for (let at = 0; at < end; at += CODE_WORDS) {
      const first = words[at] as number
      const second = words[at + 1] as number
      let distance =
        ones(first ^ q0) +
        ones(second ^ q1) +
        ones((words[at + 2] as number) ^ q2) +
        ones((words[at + 3] as number) ^ q3)
      if (distance >= worst) continue
      distance +=
        ones((words[at + 4] as number) ^ q4) +
        ones((words[at + 5] as number) ^ q5) +
        ones((words[at + 6] as number) ^ q6) +
        ones((words[at + 7] as number) ^ q7)
      if (distance >= worst || (first === 0 && second === 0 && isEmpty(words, at))) continue
      insert(found, { slot: at / CODE_WORDS, distance }, limit)
      if (found.length === limit) worst = (found[limit - 1] as Candidate).distance
    }
    return found
  }

  #write(slot: number, codes: Uint8Array): void {
    const view = new DataView(codes.buffer, codes.byteOffset, codes.length)
    const start = slot * CODE_WORDS
    for (let at = 0; at * 4 < codes.length; at++) this.#words[start + at] = view.getUint32(at * 4, true)
  }
}

type EightWords = [number, number, number, number, number, number, number, number]

function wordsOf(code: Uint8Array): Uint32Array {
  const view = new DataView(code.buffer, code.byteOffset, CODE_BYTES)
  return Uint32Array.from({ length: CODE_WORDS }, (_, at) => view.getUint32(at * 4, true))
}

function isEmpty(words: Uint32Array, start: number): boolean {
  for (let at = start; at < start + CODE_WORDS; at++) if (words[at] !== 0) return false
  return true
}

/** Keeps `found` sorted, the nearest first, equals by age of their place, and no longer than `limit`. */
function insert(found: Candidate[], candidate: Candidate, limit: number): void {
  let at = found.length
  while (at > 0 && (found[at - 1] as Candidate).distance > candidate.distance) at -= 1
  if (found.length === limit) found.pop()
  found.splice(at, 0, candidate)
}

/** A quarter more than needed, so that growing is rare. */
function roomFor(slots: number): number {
  return Math.max(16, Math.ceil(slots * 1.25))
}

/** The number of ones in 32 bits (Warren, Hacker's Delight, 5-1). */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555)
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
