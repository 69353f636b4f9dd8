import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import { FrameError, InvalidSealingKey } from '../errors.ts'

/** Encrypts and authenticates payloads. */
export interface Sealer {
  /** Seals bytes with the first key, bound to `associated`, which must be presented again to open them. */
  seal(plain: Uint8Array, associated: Uint8Array): Uint8Array
  /**
   * Opens sealed bytes with whichever key sealed them.
   *
   * @throws FrameError: `FRAME_KEY` for an unknown key id, `FRAME_SEAL` when anything was changed or moved.
   */
  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array
}

/** One AES-256 key and the name it is known by in sealed bytes. */
export interface SealingKey {
  /** 1 to 32 bytes of UTF-8; stored in the clear. */
  readonly id: string
  /** 32 bytes, or their base64 or base64url text. */
  readonly key: Uint8Array | string
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const ID_BYTES = 32

/**
 * Makes a sealer with AES-256-GCM (NIST SP 800-38D) and random 96-bit nonces. The first key seals; all of them open, so a
 * key is rotated by putting a new one in front. Retire a key before it has sealed 2^32 payloads.
 *
 * Sealed bytes: id length (1), id, nonce (12), tag (16), ciphertext.
 *
 * @throws InvalidSealingKey when a key is not 32 bytes, or an id is empty, longer than 32 bytes or given twice.
 */
export function createSealer(options: { readonly keys: readonly SealingKey[] }): Sealer {
  const keys = new Map<string, Buffer>()
  for (const { id, key } of options.keys) {
    if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > ID_BYTES) {
      throw new InvalidSealingKey(`encrypt: the key id '${String(id)}' must have 1 to ${ID_BYTES} bytes.`)
    }
    if (keys.has(id)) throw new InvalidSealingKey(`encrypt: the key id '${id}' is given twice.`)
    keys.set(id, keyBytes(id, key))
  }
  const [current] = keys
  if (current === undefined) throw new InvalidSealingKey('encrypt: give at least one key of 32 bytes.')
  const [id, key] = current
  const prefix = Buffer.concat([Buffer.from([Buffer.byteLength(id)]), Buffer.from(id)])
  return {
    seal: (plain, associated) => seal(prefix, key, plain, associated),
    open: (sealed, associated) =>
      open(keys, Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength), associated),
  }
}

function seal(prefix: Buffer, key: Buffer, plain: Uint8Array, associated: Uint8Array): Buffer {
  const body = prefix.length + NONCE_BYTES + TAG_BYTES
  const sealed = Buffer.allocUnsafe(body + plain.length)
  prefix.copy(sealed)
  const nonce = randomFillSync(sealed.subarray(prefix.length, prefix.length + NONCE_BYTES))
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(associated)
  cipher.update(plain).copy(sealed, body)
  cipher.final()
  cipher.getAuthTag().copy(sealed, body - TAG_BYTES)
  return sealed
}

function open(keys: ReadonlyMap<string, Buffer>, sealed: Buffer, associated: Uint8Array): Buffer {
  const start = 1 + (sealed[0] ?? 0)
  const body = start + NONCE_BYTES + TAG_BYTES
  if (sealed.length < body)
    throw new FrameError('FRAME_TRUNCATED', 'The sealed payload is shorter than its own header.')
  const id = sealed.toString('utf8', 1, start)
  const key = keys.get(id)
  if (key === undefined) {
    throw new FrameError(
      'FRAME_KEY',
      `The payload was sealed with the key '${id}', which is not among the keys of encrypt.`,
    )
  }
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(start, start + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(body - TAG_BYTES, body))
  const plain = decipher.update(sealed.subarray(body))
  try {
    decipher.final()
  } catch (cause) {
    throw new FrameError(
      'FRAME_SEAL',
      'The sealed payload was changed, moved to another entry, or sealed with another key of the same id.',
      { cause },
    )
  }
  return plain
}

function keyBytes(id: string, key: Uint8Array | string): Buffer {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.from(key)
  if (bytes.length !== 32) {
    throw new InvalidSealingKey(
      `encrypt: the key '${id}' has ${bytes.length} bytes; AES-256 needs exactly 32 (openssl rand -base64 32 makes them).`,
    )
  }
  return bytes
}
