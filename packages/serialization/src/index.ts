// Keys: arguments to text, text to digests

export { ARGUMENT_DEPTH, argumentsText, type CanonicalOptions } from './key/canonical.ts'
export { digestText, KEY_TEXT_LIMIT, keyText, rememberedTags, tagDigest } from './key/digest.ts'
export { parsePrimitive, primitiveText } from './key/primitive-text.ts'
export { createSecretDigester, type SecretDigester } from './key/secret.ts'

// Values: what may be stored, and how it becomes bytes

export { type Codec, type CodecOptions, createCodec, MAX_VALUE_BYTES } from './codec/codec.ts'
export {
  type ClassRegistration,
  type ClassRegistry,
  classRegistration,
  createClassRegistry,
  type RegisteredClass,
} from './value/class-registry.ts'
export { copyOf } from './value/copy.ts'
export { type Examination, examine } from './value/examine.ts'
export { type ExamineOptions, MAX_OBJECTS, VALUE_DEPTH } from './value/walk.ts'

// Bytes in Redis: payloads and frames

export type { Reading } from './codec/reader.ts'
export { FRAME, type FrameFields, type FrameView, MAX_FRAME_BYTES, MAX_TAGS } from './frame/layout.ts'
export {
  type AdoptOptions,
  type Associated,
  type CompressionOptions,
  createPayloads,
  PAYLOAD,
  type PackOptions,
  type PayloadOptions,
  type Payloads,
  type UnpackOptions,
} from './frame/payload.ts'
export { decodeFrame, type ReadFrame } from './frame/read-frame.ts'
export { createSealer, type Sealer, type SealingKey } from './frame/seal.ts'
export { encodeFrame, encodeFrameAsync, encodePlaceholder } from './frame/write-frame.ts'

// Errors

export {
  FrameError,
  type FrameErrorCode,
  InvalidClassRegistration,
  InvalidPepper,
  InvalidSealingKey,
  UncacheableValue,
  UnkeyableArgument,
} from './errors.ts'
