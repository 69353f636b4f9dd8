import { createHmac } from 'node:crypto'
import { InvalidPepper } from '../errors.ts'

const MINIMUM_BYTES = 16
// Keeps these digests apart from any other use of the same pepper.
const DOMAIN = 'granary/secret-argument/1\0'

/** Replaces secret arguments before a key exists. */
export interface SecretDigester {
  /** HMAC-SHA-256 (RFC 2104) of the text under the current pepper, as 43 characters of base64url. */
  digest(text: string): string
  /** The digests under the earlier peppers, for invalidating entries that were written before a rotation. */
  alternatives(text: string): string[]
}

/**
 * Makes a digester from a pepper, or from a list whose first is the current one and the others are being rotated out.
 *
 * @throws InvalidPepper when there is none, or one is shorter than 16 bytes.
 */
export function createSecretDigester(pepper: string | readonly string[]): SecretDigester {
  const peppers = typeof pepper === 'string' ? [pepper] : [...pepper]
  const keys = peppers.map(checked)
  const [current, ...earlier] = keys
  if (current === undefined)
    throw new InvalidPepper('pepper: the list is empty; give at least one pepper of 16 bytes or more.')
  return {
    digest: (text) => hmac(current, text),
    alternatives: (text) => earlier.map((key) => hmac(key, text)),
  }
}

function checked(pepper: unknown, position: number): Buffer {
  if (typeof pepper !== 'string') throw new InvalidPepper(`pepper: entry ${position} is not a string.`)
  const key = Buffer.from(pepper, 'utf8')
  if (key.length < MINIMUM_BYTES) {
    throw new InvalidPepper(
      `pepper: entry ${position} has ${key.length} bytes; give at least ${MINIMUM_BYTES}, the same in every process (openssl rand -base64 32 makes one).`,
    )
  }
  return key
}

function hmac(key: Buffer, text: string): string {
  return createHmac('sha256', key)
    .update(DOMAIN + text)
    .digest('base64url')
}
