/**
 * A place in the namespace's order of invalidations. A process that has reached it has applied everything that was
 * delivered before.
 */
export interface Bookmark {
  readonly incarnation: number
  /** Bus sequence. */
  readonly sequence: number
  /** Something was invalidated that Redis had not taken: no process can tell whether it has reached that. */
  readonly queued: boolean
}

/** The place that text stands for which is no bookmark: delivered, but nobody knows when. No incarnation is 0. */
export const SOMEWHERE: Bookmark = { incarnation: 0, sequence: 0, queued: false }

/** Two numbers of at most eleven digits in base 36, and a mark for what was queued: safe in a header and in a cookie. */
const FORM = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})(\.q)?$/

/** A bookmark as text, at most 25 characters long. */
export function formatBookmark({ incarnation, sequence, queued }: Bookmark): string {
  return `${incarnation.toString(36)}.${sequence.toString(36)}${queued ? '.q' : ''}`
}

/** Reads a bookmark. Text comes from outside: whatever is not one is {@link SOMEWHERE}, which costs a read of Redis and no more. */
export function parseBookmark(text: string): Bookmark {
  const match = text.length > 32 ? null : FORM.exec(text)
  if (match === null) return SOMEWHERE
  const incarnation = Number.parseInt(match[1] as string, 36)
  const sequence = Number.parseInt(match[2] as string, 36)
  if (!Number.isSafeInteger(incarnation) || !Number.isSafeInteger(sequence)) return SOMEWHERE
  return { incarnation, sequence, queued: match[3] !== undefined }
}

/** The later of two places; of two incarnations neither is known to be the later, so both together are {@link SOMEWHERE}. */
export function later(one: Bookmark | undefined, other: Bookmark): Bookmark {
  if (one === undefined) return other
  const queued = one.queued || other.queued
  if (one.incarnation !== other.incarnation) return { ...SOMEWHERE, queued }
  return { incarnation: one.incarnation, sequence: Math.max(one.sequence, other.sequence), queued }
}
