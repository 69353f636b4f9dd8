/**
 * Shapes: the property names of records. Stored bytes carry the names once per shape; a process that has met the same
 * names before recognises them by their bytes, and after some use builds such records with a function made for them, as
 * fast as an object literal.
 */

/** The names of a record and the way to build one. */
export interface Shape {
  /** The bytes of the names as they stand in a definition, as Latin-1. */
  readonly bytes: string
  readonly keys: readonly string[]
  /** Builds one record, calling `read` for each value in order. */
  build: (read: () => unknown) => object
  /** How often records were built by the plain loop. */
  uses: number
}

/** Records built by the plain loop before a shape is compiled. */
const USES_BEFORE_COMPILING = 16
/** Compiling takes some 25 microseconds, so bytes made to define many shapes may not cause many compilations. */
const COMPILATIONS_PER_VALUE = 32
/** Names above which a shape is neither remembered nor compiled: such objects are dictionaries, each with names of its own. */
const LARGEST_SHAPE = 64
const GENERATION = 512
const GUESSES = 1024

const guesses: (Shape | undefined)[] = new Array(GUESSES).fill(undefined)
let younger = new Map<string, Shape>()
let older = new Map<string, Shape>()
let compilations = 0
let mayCompile = true

/** Begins a value: compilations are limited per value. */
export function beginShapes(): void {
  compilations = COMPILATIONS_PER_VALUE
}

/** The shape whose names stand at `start`, if it is the one last met where these bytes lead to; `text` is the source from `base` on as Latin-1. */
export function guessedShape(source: Uint8Array, text: string, start: number, base: number): Shape | undefined {
  const shape = guesses[guessAt(source, start)]
  return shape !== undefined && text.startsWith(shape.bytes, start - base) ? shape : undefined
}

/** Names as they stand in a definition. */
export interface FoundNames {
  /** Their bytes, as Latin-1. */
  readonly bytes: string
  readonly source: Uint8Array
  /** Where the bytes begin in the source. */
  readonly start: number
  /** Decodes them. */
  readonly keys: () => readonly string[]
}

/** The shape of names: the remembered one, or a new one. At most 1,024 are remembered. */
export function shapeOf({ bytes, source, start, keys }: FoundNames): Shape {
  const shape = younger.get(bytes) ?? older.get(bytes) ?? create(bytes, keys())
  if (shape.keys.length <= LARGEST_SHAPE) remember(shape, guessAt(source, start))
  return shape
}

/** How many shapes are remembered by name now; never more than 1,024. */
export function rememberedShapes(): number {
  return younger.size + older.size
}

function create(bytes: string, keys: readonly string[]): Shape {
  // Copied out of the text it was cut from, so that it does not keep the whole of it alive, and compares faster.
  const own = Buffer.from(bytes, 'latin1').toString('latin1')
  const shape: Shape = { bytes: own, keys, build: (read) => loop(shape, read), uses: 0 }
  return shape
}

function remember(shape: Shape, guess: number): void {
  guesses[guess] = shape
  if (younger.has(shape.bytes)) return
  // Two generations: when the younger is full the older is dropped with whatever was not used since.
  if (younger.size >= GENERATION) {
    older = younger
    younger = new Map()
  }
  younger.set(shape.bytes, shape)
}

/** A slot chosen by a few bytes of the names; a wrong guess costs time, never correctness. */
function guessAt(source: Uint8Array, start: number): number {
  let mixed = 0
  for (let index = start; index < start + 24; index += 3)
    mixed = Math.imul(mixed ^ ((source[index] as number) | 0), 0x01000193)
  return (mixed ^ (mixed >>> 16)) & (GUESSES - 1)
}

function loop(shape: Shape, read: () => unknown): object {
  if (++shape.uses >= USES_BEFORE_COMPILING) compile(shape)
  const record: Record<string, unknown> = {}
  for (const key of shape.keys) record[key] = read()
  return record
}

/**
 * Compiles the object literal of a shape. The names only ever stand in it as string literals, `__proto__` was refused before
 * a shape was made, and where a process forbids compilation (`--disallow-code-generation-from-strings`) the loop stays.
 */
function compile(shape: Shape): void {
  if (!mayCompile || compilations === 0 || shape.keys.length > LARGEST_SHAPE) return
  compilations--
  const literal = shape.keys.map((key) => `${JSON.stringify(key)}:read()`).join()
  try {
    shape.build = new Function('read', `return {${literal}}`) as Shape['build']
  } catch {
    mayCompile = false
  }
}
