// Keys: arguments to text, text to digests

export { ARGUMENT_DEPTH, argumentsText, type CanonicalOptions } from './canonical.ts'
export { digestText, KEY_TEXT_LIMIT, keyText, rememberedTags, tagDigest } from './digest.ts'
export { parsePrimitive, primitiveText } from './primitive-text.ts'
export { createSecretDigester, type SecretDigester } from './secret.ts'

// Values: what may be stored, and how it becomes bytes

export {
  type ClassRegistration,
  type ClassRegistry,
  classRegistration,
  createClassRegistry,
  type RegisteredClass,
} from './class-registry.ts'
export { type Codec, type CodecOptions, createCodec, MAX_VALUE_BYTES } from './codec.ts'
export { copyOf } from './copy.ts'
export { type Examination, examine } from './examine.ts'
export { type ExamineOptions, MAX_OBJECTS, VALUE_DEPTH } from './walk.ts'

// Bytes in Redis: payloads and frames

export {
  decodeFrame,
  encodeFrame,
  encodeFrameAsync,
  encodePlaceholder,
  FRAME,
  type FrameFields,
  type FrameView,
  MAX_FRAME_BYTES,
  MAX_TAGS,
} from './frame.ts'
export {
  type Associated,
  type CompressionOptions,
  createPayloads,
  PAYLOAD,
  type PackOptions,
  type PayloadOptions,
  type Payloads,
  type UnpackOptions,
} from './payload.ts'
export { createSealer, type Sealer, type SealingKey } from './seal.ts'

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
