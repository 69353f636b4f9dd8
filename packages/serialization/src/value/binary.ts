import { types } from 'node:util'

/** The kinds of bytes that are kept apart, in the order of their codes in stored payloads: append only. */
export const BINARY_NAMES = [
  'Buffer',
  'ArrayBuffer',
  'DataView',
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const

/** The name of a kind of bytes. */
export type BinaryName = (typeof BINARY_NAMES)[number]

const BY_PROTOTYPE = new Map<unknown, BinaryName>([
  [Buffer.prototype, 'Buffer'],
  [ArrayBuffer.prototype, 'ArrayBuffer'],
  [DataView.prototype, 'DataView'],
  [Uint8Array.prototype, 'Uint8Array'],
  [Int8Array.prototype, 'Int8Array'],
  [Uint8ClampedArray.prototype, 'Uint8ClampedArray'],
  [Int16Array.prototype, 'Int16Array'],
  [Uint16Array.prototype, 'Uint16Array'],
  [Int32Array.prototype, 'Int32Array'],
  [Uint32Array.prototype, 'Uint32Array'],
  [Float32Array.prototype, 'Float32Array'],
  [Float64Array.prototype, 'Float64Array'],
  [BigInt64Array.prototype, 'BigInt64Array'],
  [BigUint64Array.prototype, 'BigUint64Array'],
])

/** Which kind of bytes a value is; `undefined` when it is none, a subclass of one, or only has its prototype. */
export function binaryName(value: object): BinaryName | undefined {
  const name = BY_PROTOTYPE.get(Object.getPrototypeOf(value))
  if (name === undefined) return undefined
  return ArrayBuffer.isView(value) || types.isArrayBuffer(value) ? name : undefined
}

/** Whether a prototype is that of a kind of bytes. */
export function isBinary(prototype: unknown): boolean {
  return BY_PROTOTYPE.has(prototype)
}

/** A view of the bytes of a value that has a {@link binaryName}; not a copy. */
export function bytesOf(value: object): Buffer {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return Buffer.from(value as ArrayBuffer)
}

const ELEMENT_BYTES: Readonly<Record<BinaryName, number>> = {
  Buffer: 1,
  ArrayBuffer: 1,
  DataView: 1,
  Uint8Array: 1,
  Int8Array: 1,
  Uint8ClampedArray: 1,
  Int16Array: 2,
  Uint16Array: 2,
  Int32Array: 4,
  Uint32Array: 4,
  Float32Array: 4,
  Float64Array: 8,
  BigInt64Array: 8,
  BigUint64Array: 8,
}

/** A value of the named kind holding a copy of `bytes`; `undefined` when their number does not fit its elements. */
export function binaryFrom(name: BinaryName, bytes: Uint8Array): object | undefined {
  if (bytes.byteLength % ELEMENT_BYTES[name] !== 0) return undefined
  if (name === 'Buffer') return Buffer.from(bytes)
  const buffer = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(buffer).set(bytes)
  return name === 'ArrayBuffer' ? buffer : new VIEWS[name](buffer)
}

type View = new (buffer: ArrayBuffer) => ArrayBufferView

const VIEWS: Readonly<Record<Exclude<BinaryName, 'Buffer' | 'ArrayBuffer'>, View>> = {
  DataView,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
}
