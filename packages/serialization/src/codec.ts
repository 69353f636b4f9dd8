import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import { type ClassRegistry, NO_CLASSES } from './class-registry.ts'
import { FrameError, UncacheableValue } from './errors.ts'
import { toMarked } from './marks.ts'
import { fromMarked } from './unmark.ts'
import { examine, VALUE_DEPTH } from './walk.ts'

/** Values to bytes and back. */
export interface Codec {
  /**
   * The bytes of a value. `special` is what `examine` found; without it the value is examined first.
   *
   * @throws UncacheableValue when the value would not come back equal.
   */
  encode(value: unknown, special?: boolean): Uint8Array
  /**
   * The value of bytes.
   *
   * @throws FrameError, and nothing else, when they are damaged, hostile, too large or too deep.
   */
  decode(bytes: Uint8Array): unknown
}

/** What a codec accepts. */
export interface CodecOptions {
  /** Classes whose instances may be stored. Default: none. */
  readonly classes?: ClassRegistry
  /** Levels of nesting allowed, both ways. Default 256. */
  readonly maxDepth?: number
  /** The largest encoded value, in bytes, both ways. Default 64 MiB. */
  readonly maxBytes?: number
}

/** The largest encoded value unless told otherwise: 64 MiB. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024

const FORM = { tree: 1, marked: 2 } as const

/** Makes a codec: msgpack with records (msgpackr), and marks of our own for what msgpack loses. */
export function createCodec(options: CodecOptions = {}): Codec {
  const registry = options.classes ?? NO_CLASSES
  const maxDepth = options.maxDepth ?? VALUE_DEPTH
  const maxBytes = options.maxBytes ?? MAX_VALUE_BYTES
  const packr = new Packr({
    useRecords: true,
    moreTypes: true,
    structuredClone: false,
    copyBuffers: true,
    useToJSON: false,
  } as object)

  return {
    encode(value, special = needsMarks(value, registry, maxDepth)) {
      const bytes = packr.pack(special ? toMarked(value, registry) : value, RESERVE_START_SPACE | 1)
      bytes[0] = special ? FORM.marked : FORM.tree
      if (bytes.length > maxBytes)
        throw new UncacheableValue('', `${bytes.length} bytes long, more than the ${maxBytes} allowed,`)
      return bytes
    },
    decode(bytes) {
      if (bytes.length > maxBytes)
        throw new FrameError('FRAME_LIMIT', `The payload has ${bytes.length} bytes, more than the ${maxBytes} allowed.`)
      const form = bytes[0]
      if (form !== FORM.tree && form !== FORM.marked)
        throw new FrameError('FRAME_CORRUPT', `The payload has the unknown form ${String(form)}.`)
      try {
        const tree: unknown = packr.unpack(bytes.subarray(1))
        return form === FORM.tree ? tree : fromMarked(tree, registry)
      } catch (cause) {
        throw cause instanceof FrameError
          ? cause
          : new FrameError('FRAME_CORRUPT', 'The payload is not readable.', { cause })
      }
    },
  }
}

function needsMarks(value: unknown, registry: ClassRegistry, maxDepth: number): boolean {
  const found = examine(value, { registry, freeze: false, maxDepth })
  if (!found.ok) throw new UncacheableValue(found.path, found.reason)
  return found.special
}
