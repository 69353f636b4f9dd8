// Keys
export { ARGUMENT_DEPTH, argumentsText, type CanonicalOptions } from './canonical.ts'
// Values
export {
  type ClassRegistration,
  type ClassRegistry,
  createClassRegistry,
  type RegisteredClass,
} from './class-registry.ts'
export { type Codec, type CodecOptions, createCodec, MAX_VALUE_BYTES } from './codec.ts'
export { copyOf } from './copy.ts'
export { digestText, KEY_TEXT_LIMIT, keyText, rememberedTags, tagDigest } from './digest.ts'
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
export { type Examination, examine } from './examine.ts'
// Bytes in Redis
export {
  decodeFrame,
  encodeFrame,
  encodePlaceholder,
  FRAME,
  type FrameFields,
  type FrameView,
  MAX_FRAME_BYTES,
  MAX_TAGS,
} from './frame.ts'
export {
  type CompressionOptions,
  createPayloads,
  PAYLOAD,
  type PackOptions,
  type PayloadOptions,
  type Payloads,
  type UnpackOptions,
} from './payload.ts'
export { parsePrimitive, primitiveText } from './primitive-text.ts'
export { createSealer, type Sealer, type SealingKey } from './seal.ts'
export { createSecretDigester, type SecretDigester } from './secret.ts'
export { type ExamineOptions, MAX_OBJECTS, VALUE_DEPTH } from './walk.ts'
