/**
 * A stretch of the payload as a Latin-1 string: cutting ASCII out of it is several times cheaper than decoding each string. What is
 * cut out keeps all of it alive, so it is short: a name that somebody keeps must not keep a payload.
 */

/** Bytes of a stretch; ASCII that fills a quarter of one is decoded alone. */
const STRETCH = 4_096

/** Bytes from which a text is decoded alone. */
export const LONG = STRETCH / 4

/** The bytes from {@link stretchBase} on, as Latin-1. */
export let stretch = ''
/** Where the stretch begins in the payload. */
export let stretchBase = 0
let end = 0

/** Begins at the start of a payload, with nothing. */
export function beginStretch(start: number): void {
  stretchBase = start
  end = start
}

/** Lets go of the payload. */
export function endStretch(): void {
  stretch = ''
}

/** The bytes of `source` from one place to another, as Latin-1. */
export function cut(source: Buffer, from: number, to: number): string {
  if (to - from >= LONG) return source.toString('latin1', from, to)
  reach(source, from, to)
  return stretch.slice(from - stretchBase, to - stretchBase)
}

/** Moves the stretch, unless it reaches from one place to the other already. */
export function reach(source: Buffer, from: number, to: number): void {
  if (from >= stretchBase && to <= end) return
  stretchBase = from
  end = Math.min(source.length, from + STRETCH)
  stretch = source.toString('latin1', stretchBase, end)
}
