import type { Address } from '../../engine/remote.ts'

/** A lease that Redis may have granted and that nobody here holds. */
export interface UnreturnedLease {
  readonly address: Address
  readonly token: Uint8Array
  /** Whether those who wait for it should load without waiting again. */
  readonly failed: boolean
}

/**
 * Leases to give back when Redis can be reached again: asked for without an answer, or left behind by a load when the
 * connection went. Others would wait out each of them. Past the bound the oldest are forgotten: they run out by themselves.
 */
export class UnreturnedLeases {
  readonly #limit: number
  readonly #leases = new Map<string, UnreturnedLease>()

  constructor(limit = 1_000) {
    this.#limit = limit
  }

  get size(): number {
    return this.#leases.size
  }

  /** Remembers a lease. Of one key only the last matters: granting it has ended those before. */
  add(lease: UnreturnedLease): void {
    const { key } = lease.address
    this.#leases.delete(key)
    this.#leases.set(key, lease)
    if (this.#leases.size <= this.#limit) return
    for (const oldest of this.#leases.keys()) {
      this.#leases.delete(oldest)
      return
    }
  }

  /** Takes all that are remembered. */
  take(): readonly UnreturnedLease[] {
    const leases = [...this.#leases.values()]
    this.#leases.clear()
    return leases
  }
}
