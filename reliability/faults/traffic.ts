import { type Cache, createCache, type PartialPolicy } from '@granary/core'
import { measured } from '../stage/call.ts'
import { Samples } from '../stage/samples.ts'
import { Versions } from '../stage/versions.ts'

/** The rows that are read and changed all the time. */
const HOT = 20
/** Ids from here on are rows that never change. */
const COLD = 1_000
/** How many ticks after the first process the second reads the same cold row. */
const LAG = 60
const POLICY: PartialPolicy<readonly [number], number> = { ttl: '10m', tags: (_version, id) => [`row:${id}`] }

/** Which part of a trial a call belongs to. */
export type Phase = 'healthy' | 'fault' | 'after'

/** What the callers of one phase experienced. */
export class Experience {
  /** Beyond the loader, reading rows that nobody has read. */
  readonly cold = new Samples()
  /** The same while the cache said that Redis is away. */
  readonly away = new Samples()
  /** The same of a cache in memory alone, in the same moments: what the machine adds. */
  readonly control = new Samples()
  readonly invalidations = new Samples()
  readonly errors: string[] = []
  /** Answers older than the promises allow, or that no row ever was. */
  stale = 0
}

/** Two processes' caches under traffic: cold reads, hot reads, invalidations by key, tag and name; every answer is judged. */
export class Traffic {
  readonly versions = new Versions()
  readonly #first: Cache
  readonly #second: Cache
  readonly #control = createCache({ namespace: 'control' })
  readonly #maxStaleness: number
  readonly #running = new Set<Promise<void>>()
  readonly experiences: Readonly<Record<Phase, Experience>> = {
    healthy: new Experience(),
    fault: new Experience(),
    after: new Experience(),
  }
  phase: Phase = 'healthy'
  #tick = 0
  #timer: NodeJS.Timeout | undefined

  constructor(caches: { readonly first: Cache; readonly second: Cache }, maxStaleness: number) {
    this.#first = caches.first
    this.#second = caches.second
    this.#maxStaleness = maxStaleness
    for (const cache of [this.#first, this.#second, this.#control]) {
      cache.define('cold', POLICY)
      cache.define('hot', POLICY)
    }
  }

  /** Begins: one tick every `pause` milliseconds. */
  start(pause: number): void {
    this.#timer = setInterval(() => this.#beat(), pause)
  }

  /** Ends, and waits for every call. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
    await this.#control.close()
  }

  /** Rows of which `cache` serves an older version than the last one invalidated. */
  async lost(cache: Cache): Promise<number> {
    const served = await Promise.all(
      Array.from({ length: HOT }, (_, id) => cache.getOrSet('hot', [id], () => this.versions.read(id), POLICY)),
    )
    return served.filter((version, id) => version < this.versions.leastHere(id)).length
  }

  /** Calls that have not settled. */
  get unsettled(): number {
    return this.#running.size
  }

  #beat(): void {
    const tick = this.#tick++
    this.#run((seen) => this.#readCold(seen, COLD + tick))
    this.#run((seen) => this.#readControl(seen, COLD + tick))
    if (tick >= LAG) this.#run((seen) => this.#readElsewhere(seen, 'cold', COLD + tick - LAG))
    if (tick % 3 === 0) this.#run((seen) => this.#readHere(seen, tick % HOT))
    if (tick % 4 === 0) this.#run((seen) => this.#readElsewhere(seen, 'hot', tick % HOT))
    if (tick % 7 === 0) this.#run((seen) => this.#change(seen, tick))
  }

  #run(work: (seen: Experience) => Promise<void>): void {
    const seen = this.experiences[this.phase]
    const running = work(seen)
      .catch((error) => {
        seen.errors.push(String(error))
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #readCold(seen: Experience, id: number): Promise<void> {
    const wasAway = this.#first.health().redis === 'away'
    const load = () => this.versions.read(id)
    const { value, added } = await measured(load, (loader) => this.#first.getOrSet('cold', [id], loader, POLICY))
    seen.cold.add(added)
    if (wasAway) seen.away.add(added)
    if (value !== 0) seen.stale += 1
  }

  async #readControl(seen: Experience, id: number): Promise<void> {
    const load = () => this.versions.read(id)
    const { added } = await measured(load, (loader) => this.#control.getOrSet('cold', [id], loader, POLICY))
    seen.control.add(added)
  }

  async #readHere(seen: Experience, id: number): Promise<void> {
    const least = this.versions.leastHere(id)
    const version = await this.#first.getOrSet('hot', [id], () => this.versions.read(id), POLICY)
    if (!(version >= least && version <= this.versions.current(id))) seen.stale += 1
  }

  async #readElsewhere(seen: Experience, name: 'hot' | 'cold', id: number): Promise<void> {
    const least = name === 'cold' ? 0 : this.versions.leastElsewhere(id, this.#maxStaleness)
    const version = await this.#second.getOrSet(
      name,
      [id],
      () => (name === 'cold' ? Promise.resolve(0) : this.versions.read(id)),
      POLICY,
    )
    if (!(version >= least && version <= (name === 'cold' ? 0 : this.versions.current(id)))) seen.stale += 1
  }

  async #change(seen: Experience, tick: number): Promise<void> {
    const id = tick % HOT
    const version = this.versions.write(id)
    const startedAt = performance.now()
    const receipt = await this.#invalidate(id, tick)
    seen.invalidations.add(performance.now() - startedAt)
    this.versions.invalidated(id, version, receipt, this.#first.whenDelivered())
  }

  #invalidate(id: number, tick: number) {
    if (tick % 5 === 0) return this.#first.clear('hot')
    return tick % 2 === 0 ? this.#first.delete('hot', [id]) : this.#first.invalidateTags([`row:${id}`])
  }
}
