import { BriefMap } from '../brief-map.ts'
import type { Landing } from '../engine/landing.ts'
import type { Segment } from '../tiers/segment.ts'
import type { Flight } from './flight.ts'

/** A load that runs beside a slow Redis, for the flight that began it and for later ones of its key. */
export interface BesideLoad {
  readonly flight: Flight
  readonly landing: Promise<Landing>
  /** Monotonic milliseconds. */
  readonly startedAt: number
}

/** A load without a lease, that later flights of its key may share if they took off before it began. */
export interface LeaselessLoad {
  readonly flight: Flight
  readonly landing: Promise<Landing>
  readonly order: number
}

/** The flights of one cache by entry key: at most one per key takes new callers. */
export class Flights {
  readonly #joinable = new BriefMap<string, Flight>()
  /** Detached, and not landed. */
  readonly #detached = new Set<Flight>()
  readonly #beside = new Map<string, BesideLoad>()
  readonly #leaseless = new BriefMap<string, LeaselessLoad>()
  #airborne = 0
  #order = 0

  /** Flights that have not landed, detached ones included. */
  get size(): number {
    return this.#airborne
  }

  /** The flight that a new caller of this key may join. */
  find(key: string): Flight | undefined {
    return this.#joinable.get(key)
  }

  /** The keys of flights that callers may join. */
  keys(): Iterable<string> {
    return this.#joinable.keys()
  }

  /** A flight that is replaced hears of no further events of its key, so it may not fill memory any more. */
  add(flight: Flight): void {
    this.#order += 1
    flight.order = this.#order
    this.#detachFlight(flight.key)
    this.#joinable.set(flight.key, flight)
    flight.isJoinable = true
    this.#airborne += 1
  }

  remove(flight: Flight): void {
    if (flight.isJoinable) this.#joinable.delete(flight.key)
    else this.#detached.delete(flight)
    flight.isJoinable = false
    this.#airborne -= 1
  }

  /** The key was invalidated: callers from now on start a flight of their own. */
  detach(key: string): void {
    this.#detachBeside(key)
    this.#detachFlight(key)
  }

  #detachFlight(key: string): void {
    const flight = this.#joinable.get(key)
    if (flight === undefined) return
    flight.detached = true
    flight.isJoinable = false
    this.#detached.add(flight)
    this.#joinable.delete(key)
  }

  /** The same for every key of a name, or of all names. */
  detachAll(segment?: Segment): void {
    for (const flight of this.#joinable.values()) {
      if (segment === undefined || flight.segment === segment) this.#detachFlight(flight.key)
    }
    for (const { flight } of this.#beside.values()) {
      if (segment === undefined || flight.segment === segment) this.#detachBeside(flight.key)
    }
  }

  /** Every key was written: no flight that is under way fills memory. */
  push(): void {
    for (const flight of this.#joinable.values()) flight.pushed = true
  }

  /** The load of a key that runs beside a slow Redis. */
  besideOf(key: string): BesideLoad | undefined {
    return this.#beside.get(key)
  }

  /** Keeps such a load until it ends, or until its key is invalidated: it must hear of that even after its flight has landed. */
  addBeside(load: BesideLoad): void {
    const { key } = load.flight
    this.#detachBeside(key)
    this.#beside.set(key, load)
    const remove = () => {
      if (this.#beside.get(key) === load) this.#beside.delete(key)
    }
    load.landing.then(remove, remove)
  }

  /** The load of a key that runs without a lease. */
  leaselessOf(key: string): LeaselessLoad | undefined {
    return this.#leaseless.get(key)
  }

  /** Begins such a load. */
  addLeaseless(flight: Flight, begin: () => Promise<Landing>): Promise<Landing> {
    this.#order += 1
    const load = { flight, order: this.#order, landing: begin() }
    this.#leaseless.set(flight.key, load)
    const remove = () => {
      if (this.#leaseless.get(flight.key) === load) this.#leaseless.delete(flight.key)
    }
    load.landing.then(remove, remove)
    return load.landing
  }

  #detachBeside(key: string): void {
    const load = this.#beside.get(key)
    if (load === undefined) return
    load.flight.detached = true
    this.#beside.delete(key)
  }

  /** News of a lease held by another process, for everyone who waits for it: whoever was detached still does. */
  wake(key: string, news: 'stored' | 'failed'): void {
    this.#joinable.get(key)?.wake(news)
    for (const flight of this.#detached) if (flight.key === key) flight.wake(news)
  }
}
