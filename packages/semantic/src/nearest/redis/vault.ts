import type { Sealer } from '@granary/serialization'

/** What every sealed value begins with; entries in the clear begin otherwise. */
const SEALED = 2
const HEADER = 2

/** Bytes by which a sealed value may be longer than what is in it: marker, key id, nonce and tag. */
export const SEALED_OVERHEAD = HEADER + 1 + 32 + 12 + 16

/**
 * Seals what a scope keeps in Redis, bound to the Redis key that it stands in: moved to another scope it does not open. Without
 * a sealer values stand as they are. Where there is one, what is not sealed is believed no more: nobody can slip in an entry.
 */
export class Vault {
  readonly #sealer: Sealer | undefined

  constructor(sealer: Sealer | undefined) {
    this.#sealer = sealer
  }

  /** The bytes as they are written under a Redis key. */
  close(key: string, plain: Uint8Array): Uint8Array {
    if (this.#sealer === undefined) return plain
    return Buffer.concat([Buffer.from([SEALED, 0]), this.#sealer.seal(plain, Buffer.from(key))])
  }

  /** The bytes as they were before; undefined when they are not sealed, by an unknown key, for another place, or were changed. */
  open(key: string, stored: Uint8Array): Uint8Array | undefined {
    if (this.#sealer === undefined) return stored
    if (stored[0] !== SEALED || stored[1] !== 0) return undefined
    try {
      return this.#sealer.open(stored.subarray(HEADER), Buffer.from(key))
    } catch {
      return undefined
    }
  }
}
