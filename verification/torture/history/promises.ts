import type { Skew } from '../../simulation/process-clock.ts'
import type { Expectations, Obligation } from './judgement.ts'
import type { Cause, Entry, Promised } from './record.ts'

interface Delivery extends Obligation {
  readonly at: number
}

interface EntryPromises {
  readonly entry: Entry
  /** Per process, the newest version it has invalidated older ones of; delivered or queued. */
  readonly own: Map<string, Obligation>
  readonly deliveries: Delivery[]
}

/** The versions that invalidations have promised, and since when. */
export class Promises {
  readonly #maxStaleness: number
  readonly #witnesses = new Map<string, { readonly rate: number; readonly bornAt: number }>()
  readonly #entries = new Map<string, EntryPromises>()

  constructor(maxStaleness: number) {
    this.#maxStaleness = maxStaleness
  }

  /** Entries that were asked for or invalidated. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()].map(({ entry }) => entry)
  }

  /** A process whose own monotonic clock runs like this measures its lag by it, and knows nothing from before it was born. */
  witness(process: string, { rate }: Pick<Skew, 'rate'>, bornAt: number): void {
    this.#witnesses.set(process, { rate, bornAt })
  }

  /** An invalidation has resolved in its process: it holds there. */
  heldBy(process: string, promises: readonly Promised[], cause: Cause): void {
    for (const { version, ...entry } of promises) {
      const { own } = this.#of(entry)
      const before = own.get(process)
      if (before === undefined || before.version < version) own.set(process, { version, cause })
    }
  }

  /** It is in force everywhere. */
  delivered(promises: readonly Promised[], cause: Cause, at: number): void {
    for (const { version, ...entry } of promises) this.#of(entry).deliveries.push({ version, cause, at })
  }

  /** What a read that begins now must return. */
  due(process: string, entry: Entry, at: number): Omit<Expectations, 'marked'> {
    return {
      own: this.#of(entry).own.get(process),
      delivered: this.deliveredBy(entry, at),
      lagged: this.deliveredBy(entry, this.provenAt(process, at)),
    }
  }

  /** Before which instant a process that serves its memory must have heard of everything. */
  provenAt(process: string, at: number): number {
    const { rate, bornAt } = this.#witnesses.get(process) ?? { rate: 1, bornAt: 0 }
    return Math.max(at - this.#maxStaleness / rate, bornAt)
  }

  /** The newest version of an entry that was in force everywhere at an instant. */
  deliveredBy(entry: Entry, at: number): Obligation | undefined {
    return newest(this.#of(entry).deliveries.filter((delivery) => delivery.at <= at))
  }

  #of({ name, row }: Entry): EntryPromises {
    const key = `${name}/${row}`
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const made: EntryPromises = { entry: { name, row }, own: new Map(), deliveries: [] }
    this.#entries.set(key, made)
    return made
  }
}

function newest(deliveries: readonly Delivery[]): Delivery | undefined {
  let best: Delivery | undefined
  for (const each of deliveries) if (best === undefined || each.version > best.version) best = each
  return best
}
