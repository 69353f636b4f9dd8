/**
 * The one look at a value that is about to be stored: it refuses what would not come back equal, estimates the size in
 * memory, and freezes plain objects and arrays, so that nobody can change what others are served.
 *
 * Nothing is frozen unless the whole value is accepted: objects are collected while walking and frozen afterwards.
 */
import { type ExamineOptions, Walk } from './walk.ts'

/** What was found. */
export type Examination =
  | {
      readonly ok: true
      /** An estimate of the heap the value occupies, in bytes. */
      readonly bytes: number
      /** Whether all readers may be handed the same reference; false when something inside cannot be frozen. */
      readonly shareable: boolean
      /** Whether encoding needs the marked form: the value holds something that MessagePack alone would lose. */
      readonly special: boolean
    }
  | {
      readonly ok: false
      /** Where the refused thing stands, e.g. `.user.onChange`; empty for the value itself. */
      readonly path: string
      /** What it is, as a noun phrase. */
      readonly reason: string
    }

/**
 * Examines a value before it is stored. Cycles and repeated references are accepted; of an object, its enumerable
 * string-named properties count, and an accessor among them is read like any other.
 *
 * Never throws: a value whose own code fails while it is looked at is refused.
 */
export function examine(value: unknown, options: ExamineOptions): Examination {
  if (typeof value !== 'object' || value === null) return judged(new Walk(options, undefined), value)
  try {
    return options.freeze ? frozen(value, options) : judged(new Walk(options, new Set()), value)
  } catch (cause) {
    return { ok: false, path: '', reason: `something that cannot be read (${String(cause)})` }
  }
}

function judged(walk: Walk, value: unknown): Examination {
  const bytes = walk.visit(value, 0)
  if (bytes < 0) return { ok: false, path: walk.path, reason: walk.reason }
  return { ok: true, bytes, shareable: walk.shareable, special: walk.special }
}

/**
 * Walks without remembering what it met, which takes half the time: a repeated reference shows when it is found frozen
 * while freezing, and a cycle in the depth. Then, and for values that were frozen before, everything is walked again.
 */
function frozen(value: object, options: ExamineOptions): Examination {
  const quick = new Walk(options, undefined)
  const found = judged(quick, value)
  if (!quick.lost && (!found.ok || freezeAll(quick.plain))) return found
  const walk = new Walk(options, new Set())
  const exact = judged(walk, value)
  if (exact.ok) freezeAll(walk.plain)
  return exact
}

/** Freezes each object; whether all of them could still be extended before, hence were met for the first time. */
function freezeAll(objects: readonly object[]): boolean {
  let fresh = true
  for (let index = 0; index < objects.length; index++) {
    const object = objects[index] as object
    if (!Object.isExtensible(object)) fresh = false
    Object.freeze(object)
  }
  return fresh
}
