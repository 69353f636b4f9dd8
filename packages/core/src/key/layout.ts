/**
 * Argument lists laid out flat, hashed and compared part by part: finding an entry so costs a fraction of writing the text of
 * an object, and is as exact. Only what identity decides is laid out: primitives, and plain objects of primitives.
 */

/** More parts than this, or longer strings, are not laid out: comparing them would cost what it saves. */
const MOST_PARTS = 24
const LONGEST_STRING = 128

/** Hashed characters at either end of a string. */
const HASHED = 12

/** Brings the high bits of a number, and of its fraction, among those that are hashed. */
const HIGH = 2 ** -20

/** Stand before and after the names and values of an object. */
const OPEN = Symbol('open')
const CLOSE = Symbol('close')

// The list laid out last.
const layout: unknown[] = new Array(MOST_PARTS).fill(undefined)
let count = 0
let mixed = 0
/** Counts the lists: a getter that has one laid out spoils the one around it. */
let turn = 0

/** Lays out a list and returns its hash; undefined when it holds what identity does not decide, or too much. */
export function layOut(args: readonly unknown[]): number | undefined {
  const mine = ++turn
  count = 0
  mixed = args.length
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]
    const fits = typeof arg === 'object' && arg !== null ? layOutObject(arg) : layOutPrimitive(arg)
    if (!fits) return undefined
  }
  return turn === mine ? mixed : undefined
}

/** Whether the list laid out last consists of these parts. */
export function isLaidOut(parts: readonly unknown[]): boolean {
  if (parts.length !== count) return false
  for (let at = 0; at < count; at++) if (parts[at] !== layout[at]) return false
  return true
}

/** The parts of the list laid out last. */
export function laidOut(): readonly unknown[] {
  return layout.slice(0, count)
}

/** The arguments that parts were laid out from: a getter might answer differently if it were asked again. */
export function argumentsOf(parts: readonly unknown[]): unknown[] {
  const args: unknown[] = []
  for (let at = 0; at < parts.length; at++) {
    if (parts[at] !== OPEN) {
      args.push(parts[at])
      continue
    }
    const object: Record<string, unknown> = {}
    for (at++; parts[at] !== CLOSE; at += 2) object[parts[at] as string] = parts[at + 1]
    args.push(object)
  }
  return args
}

function layOutObject(object: object): boolean {
  if (Object.getPrototypeOf(object) !== Object.prototype || isPolluted()) return false
  if (count + 2 > MOST_PARTS || Object.getOwnPropertySymbols(object).length > 0) return false
  layout[count++] = OPEN
  for (const name in object) {
    if (count + 3 > MOST_PARTS || name === '__proto__') return false
    layout[count++] = name
    mixed = Math.imul(mixed ^ name.length, 0x01000193)
    if (!layOutPrimitive((object as Record<string, unknown>)[name])) return false
  }
  layout[count++] = CLOSE
  return true
}

function layOutPrimitive(value: unknown): boolean {
  if (count === MOST_PARTS) return false
  layout[count++] = value
  switch (typeof value) {
    case 'string':
      if (value.length > LONGEST_STRING) return false
      mixString(value)
      return true
    case 'number':
      // What is not itself, or equals another that is written differently, is not decided by identity.
      if (value === 0 ? Object.is(value, -0) : Number.isNaN(value)) return false
      mixed = Math.imul(mixed ^ value ^ (value * HIGH), 0x85ebca6b)
      return true
    case 'boolean':
      mixed = Math.imul(mixed ^ (value ? 3 : 5), 0x01000193)
      return true
    case 'undefined':
      mixed = Math.imul(mixed ^ 7, 0x01000193)
      return true
    case 'object':
      mixed = Math.imul(mixed ^ 11, 0x01000193)
      return value === null
    default:
      return false
  }
}

function mixString(text: string): void {
  const { length } = text
  const head = length > 2 * HASHED ? HASHED : length
  let hash = mixed ^ length
  for (let at = 0; at < head; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  if (head < length)
    for (let at = length - HASHED; at < length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  mixed = hash
}

/** Whether somebody made properties of Object.prototype enumerable: objects would seem to have them. */
function isPolluted(): boolean {
  for (const _ in EMPTY) return true
  return false
}

const EMPTY = Object.freeze({})
