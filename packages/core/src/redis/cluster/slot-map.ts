import { type NodeAddress, nameOf } from './node-address.ts'
import { SLOTS } from './slot.ts'

/** Which master serves which slot, as one node told it and redirections corrected it. */
export class SlotMap {
  readonly #owners: (NodeAddress | undefined)[]

  private constructor(owners: (NodeAddress | undefined)[]) {
    this.#owners = owners
  }

  /** A map in which nobody serves anything. */
  static empty(): SlotMap {
    return new SlotMap(new Array(SLOTS).fill(undefined))
  }

  /**
   * Reads the answer to `CLUSTER SLOTS`: ranges of slots, each with its master and the master's replicas. A node that does not
   * know its own address leaves the host out: it is the one that was asked.
   */
  static read(reply: unknown, asked: NodeAddress, translate: (address: NodeAddress) => NodeAddress): SlotMap {
    const map = SlotMap.empty()
    if (!Array.isArray(reply)) return map
    for (const range of reply as readonly unknown[]) {
      const [first, last, master] = range as [unknown, unknown, unknown]
      if (!Array.isArray(master)) continue
      const host = master[0] === null || String(master[0]) === '' ? asked.host : String(master[0])
      const owner = translate({ host, port: Number(master[1]) })
      for (let slot = Number(first); slot <= Number(last) && slot < SLOTS; slot++) map.#owners[slot] = owner
    }
    return map
  }

  /** The master of a slot; undefined when none is known. */
  ownerOf(slot: number): NodeAddress | undefined {
    return this.#owners[slot]
  }

  /** Learns from a redirection; answers whether somebody else was known to serve the slot. */
  learn(slot: number, owner: NodeAddress): boolean {
    if (slot < 0 || slot >= SLOTS) return false
    const known = this.#owners[slot]
    this.#owners[slot] = owner
    return known !== undefined && nameOf(known) !== nameOf(owner)
  }

  /** The slots that were served by somebody, and are served by somebody else or by nobody in `next`. */
  movedIn(next: SlotMap): ReadonlySet<number> {
    const moved = new Set<number>()
    this.#owners.forEach((owner, slot) => {
      const other = next.#owners[slot]
      if (owner !== undefined && (other === undefined || nameOf(owner) !== nameOf(other))) moved.add(slot)
    })
    return moved
  }

  /** Every master that serves a slot, by name. */
  masters(): ReadonlyMap<string, NodeAddress> {
    const found = new Map<string, NodeAddress>()
    let last: NodeAddress | undefined
    for (const owner of this.#owners) {
      if (owner !== undefined && owner !== last) found.set(nameOf(owner), owner)
      last = owner
    }
    return found
  }

  /** Whether every slot has a master. */
  get isComplete(): boolean {
    return !this.#owners.includes(undefined)
  }
}
