import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../src/entry/entry.ts'
import { MemoryTier } from '../src/tiers/memory-tier.ts'
import { Segment } from '../src/tiers/segment.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'

const entryOf = (value: unknown, bytes = 1): Entry => ({
  value,
  bytes,
  shared: true,
  negative: false,
  tags: [],
  born: 0,
  version: '',
  created: 0,
  freshUntil: 1,
  staleUntil: 1,
  keepUntil: 1,
  loadTime: 0,
})

/** SIEVE as its paper tells it, on a plain list: newest first, one bit each, a hand that walks from the oldest to the newest. */
class NaiveSieve {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly evicted: string[] = []
  #list: { key: string; bytes: number; visited: boolean }[] = []
  #hand: string | undefined

  constructor(maxEntries: number, maxBytes: number) {
    this.maxEntries = maxEntries
    this.maxBytes = maxBytes
  }

  get keys(): string[] {
    return this.#list.map(({ key }) => key).toSorted()
  }

  get bytes(): number {
    return this.#list.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  put(key: string, bytes: number): void {
    this.remove(key)
    if (bytes > this.maxBytes) return
    this.#list.unshift({ key, bytes, visited: false })
    while (this.#list.length > this.maxEntries || this.bytes > this.maxBytes) this.#evict()
  }

  hit(key: string): void {
    const found = this.#list.find((each) => each.key === key)
    if (found !== undefined) found.visited = true
  }

  remove(key: string): void {
    const at = this.#list.findIndex((each) => each.key === key)
    if (at < 0) return
    if (this.#hand === key) this.#hand = this.#list[at - 1]?.key
    this.#list.splice(at, 1)
  }

  clear(prefix: string): void {
    for (const { key } of [...this.#list]) if (key.startsWith(prefix)) this.remove(key)
  }

  #evict(): void {
    let at = this.#hand === undefined ? this.#list.length - 1 : this.#list.findIndex(({ key }) => key === this.#hand)
    for (;;) {
      const candidate = this.#list[at]
      if (candidate?.visited === false) break
      if (candidate !== undefined) candidate.visited = false
      at = at === 0 ? this.#list.length - 1 : at - 1
    }
    const { key } = this.#list[at] as { key: string }
    this.#hand = this.#list[at - 1]?.key
    this.#list.splice(at, 1)
    this.evicted.push(key)
  }
}

type Step =
  | { readonly do: 'put'; readonly segment: number; readonly key: number; readonly bytes: number }
  | { readonly do: 'hit' | 'remove'; readonly segment: number; readonly key: number }
  | { readonly do: 'clear'; readonly segment: number }

const place = { segment: fc.nat(1), key: fc.nat(12) }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('put' as const), ...place, bytes: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('hit' as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), ...place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), segment: place.segment }) },
)

describe('C13: process memory', () => {
  test('evicts exactly what SIEVE evicts, whatever happens, and keeps its bounds', () => {
    const bounds = fc.record({ maxEntries: fc.integer({ min: 1, max: 8 }), maxBytes: fc.integer({ min: 1, max: 40 }) })
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 120 }), (bound, steps) => {
        const evicted: string[] = []
        const segments = [new Segment('a', 1, 0), new Segment('b', 1, 0)]
        const tier = new MemoryTier(bound, (segment, key, cause) => {
          if (cause === 'evicted') evicted.push(`${segment.name}${String(key)}`)
        })
        const model = new NaiveSieve(bound.maxEntries, bound.maxBytes)
        for (const each of steps) {
          const segment = segments[each.segment] as Segment
          const name = 'key' in each ? `${segment.name}${each.key}` : ''
          if (each.do === 'put') {
            tier.put(segment, each.key, entryOf(name, each.bytes), 0)
            model.put(name, each.bytes)
          } else if (each.do === 'hit') {
            const slot = segment.slots.get(each.key)
            if (slot !== undefined) tier.slots.visit(slot)
            model.hit(name)
          } else if (each.do === 'remove') {
            const had = model.keys.includes(name)
            expect(tier.remove(segment, each.key, 'expired')).toBe(had)
            model.remove(name)
          } else {
            tier.clearSegment(segment, 'invalidated')
            model.clear(segment.name)
          }
          const held = segments.flatMap(({ name: at, slots }) => [...slots.keys()].map((key) => `${at}${String(key)}`))
          expect(held.toSorted()).toEqual(model.keys)
          expect([tier.size, tier.bytes]).toEqual([model.keys.length, model.bytes])
          expect(tier.size).toBeLessThanOrEqual(bound.maxEntries)
          expect(tier.bytes).toBeLessThanOrEqual(bound.maxBytes)
        }
        expect(evicted).toEqual(model.evicted)
      }),
      { numRuns: 500 },
    )
  })

  test('keeps more of what is read again than LRU does, where few keys are read often and many seldom', () => {
    const [keys, room, reads] = [5_000, 500, 50_000]
    const weights = Array.from({ length: keys }, (_, at) => 1 / (at + 1))
    let sum = 0
    const bounds = weights.map((weight) => {
      sum += weight
      return sum
    })
    let state = 1
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    const segment = new Segment('a', 1, 0)
    const tier = new MemoryTier({ maxEntries: room, maxBytes: 2 ** 30 }, () => {})
    const lru = new Map<number, true>()
    const hits = { sieve: 0, lru: 0 }
    for (let read = 0; read < reads; read++) {
      const drawn = random() * sum
      let [low, high] = [0, keys - 1]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((bounds[middle] as number) < drawn) low = middle + 1
        else high = middle
      }
      const slot = segment.slots.get(low)
      if (slot === undefined) tier.put(segment, low, entryOf(low), 0)
      else tier.slots.visit(slot)
      hits.sieve += Number(slot !== undefined)
      hits.lru += Number(lru.delete(low))
      lru.set(low, true)
      if (lru.size > room) lru.delete(lru.keys().next().value as number)
    }
    expect(hits.sieve).toBeGreaterThan(hits.lru)
    expect(hits.lru).toBeGreaterThan(reads / 2)
  })

  test('a listener that changes memory while it is told of a removal finds it whole', async () => {
    const { cache } = openMemory({ memory: { maxEntries: 4 } })
    const row = (name: string, id: number) => cache.getOrSet(name, [id], () => `${name} ${id}`)
    let told = 0
    const stop = cache.on('entry-removed', () => {
      told += 1
      if (told < 200) void cache.set(told % 2 === 0 ? 'one' : 'other', [told % 7], `set ${told}`)
    })
    for (let time = 0; time < 20; time++) {
      for (let id = 0; id < 5; id++) await row(id % 2 === 0 ? 'one' : 'other', id)
      await cache.clear('one')
      await cache.set('other', [1], 'other 1')
      expect(cache.stats().entries).toBeLessThanOrEqual(4)
    }
    stop()
    await cache.clear()
    expect(told).toBeGreaterThan(100)
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 })
    for (let id = 0; id < 4; id++) expect(await row('one', id)).toBe(`one ${id}`)
    expect(cache.stats().entries).toBe(4)
  })

  test('an entry that is read again survives a scan of entries that are read once', async () => {
    const { cache } = openMemory({ memory: { maxEntries: 100 } })
    const row = (id: number) => cache.getOrSet('row', [id], () => id)
    for (let id = 0; id < 50; id++) {
      await row(id)
      await row(id)
    }
    for (let id = 1_000; id < 3_000; id++) {
      await row(id)
      if (id % 40 === 0) for (let hot = 0; hot < 50; hot++) await row(hot)
    }
    const survivors = Array.from({ length: 50 }, (_, id) => cache.peek('row', [id])).filter(
      (each) => each !== undefined,
    )
    expect(survivors.length).toBe(50)
  })

  test('evictions are counted by name and told', async () => {
    const { cache } = openMemory({ memory: { maxEntries: 3 } })
    const removed = eventsOf(cache, 'entry-removed')
    for (let id = 0; id < 5; id++) await cache.getOrSet('row', [id], () => id)
    expect(cache.stats()).toMatchObject({ entries: 3, evictions: 2, names: { row: { evictions: 2 } } })
    expect(removed).toEqual([1, 2].map(() => ({ type: 'entry-removed', name: 'row', cause: 'evicted' })))
  })

  test('every entry that leaves memory says why', async () => {
    const { cache, clock } = openMemory()
    const removed = eventsOf(cache, 'entry-removed')
    const row = (id: number) => cache.getOrSet('row', [id], () => id, { ttl: '1m', jitter: 0, tags: ['t'] })
    const causes = () => removed.splice(0).map((event) => ('cause' in event ? event.cause : ''))
    await row(1)
    await cache.refresh(() => row(1))
    expect(causes()).toEqual(['replaced'])
    clock.advance(60_000)
    await row(1)
    expect(causes()).toEqual(['expired'])
    await cache.delete('row', [1])
    await row(1)
    await cache.invalidateTags(['t'])
    await row(1)
    await cache.clear('row')
    expect(causes()).toEqual(['invalidated', 'invalidated', 'invalidated'])
  })

  test('an entry that is larger than all of memory is served and not kept', async () => {
    const { cache } = openMemory({ memory: { maxBytes: 10_000 } })
    await cache.getOrSet('row', ['small'], () => 'small')
    expect(((await cache.getOrSet('row', ['large'], () => 'x'.repeat(20_000))) as string).length).toBe(20_000)
    expect(cache.peek('row', ['large'])).toBeUndefined()
    expect(cache.peek('row', ['small'])).toBe('small')
  })

  test('incident 11: clearing a name of 20,000 entries is one step for its readers, and frees all their room', async () => {
    const { cache } = openMemory({ memory: { maxEntries: 50_000 } })
    await cache.getOrSetMany(
      'row',
      Array.from({ length: 20_000 }, (_, id) => id),
      async (ids) => ids.map((id) => ({ id })),
    )
    await cache.getOrSet('other', [1], () => 'kept')
    expect(cache.stats().entries).toBe(20_001)
    const startedAt = performance.now()
    await cache.clear('row')
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(cache.stats()).toMatchObject({ entries: 1 })
    expect(cache.peek('row', [7])).toBeUndefined()
    expect(cache.peek('other', [1])).toBe('kept')
    await cache.clear()
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 })
  })
})

test('each hit has a promise of its own: one that were kept would keep what its first caller was doing', async () => {
  const { cache } = openMemory()
  const read = () => cache.getOrSet('user', [1], async () => ({ id: 1 }), { ttl: '1m' })
  await read()
  const [one, other] = [read(), read()]
  expect(one).not.toBe(other)
  expect(await one).toBe(await other)
})
