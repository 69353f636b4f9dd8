import { type Cache, createCache } from '@granary/core'
import { Cached, CachePut, defineTags, entryOf, Invalidates } from '@granary/decorators'
import { startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

const tags = defineTags({ row: (id: number) => `row:${id}` })

/** The database that every process reads, and a gate that holds loads after they have read. */
class Source {
  value = 'old'
  loads = 0
  #release: (() => void) | undefined
  #begun: (() => void) | undefined

  /** The next load reads, then waits until `release`. */
  hold(): { readonly begun: Promise<void>; readonly release: () => void } {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held = held
    this.#release = release
    const begun = new Promise<void>((resolve) => {
      this.#begun = resolve
    })
    return { begun, release: () => this.#release?.() }
  }

  #held: Promise<void> | undefined

  async read(): Promise<string> {
    this.loads += 1
    const seen = this.value
    const held = this.#held
    this.#held = undefined
    this.#begun?.()
    await held
    return seen
  }
}

/** One process of the fleet. */
class Rows {
  readonly cache: Cache
  readonly source: Source

  constructor(cache: Cache, source: Source) {
    this.cache = cache
    this.source = source
  }

  @Cached({ name: 'race:row', ttl: '5m', tags: (_row: string, id: number) => [tags.row(id)] })
  async byId(_id: number): Promise<string> {
    return this.source.read()
  }

  @Invalidates({ tags: (id: number) => [tags.row(id)] })
  async writeByTag(_id: number): Promise<void> {
    this.source.value = 'new'
  }

  @Invalidates({ entries: [entryOf(() => Rows, 'byId')((id: number) => [id])] })
  async writeByEntry(_id: number): Promise<void> {
    this.source.value = 'new'
  }

  @Invalidates({ names: ['race:row'] })
  async writeByName(_id: number): Promise<void> {
    this.source.value = 'new'
  }

  @CachePut({ entry: entryOf(() => Rows, 'byId')((id: number) => [id]) })
  async put(_id: number): Promise<string> {
    this.source.value = 'new'
    return 'new'
  }
}

let redis: Awaited<ReturnType<typeof startRedis>>
let namespaces = 0

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Two processes on one Redis, or one in memory alone twice over. */
async function fleet(where: 'memory' | 'redis'): Promise<{ near: Rows; far: Rows; source: Source }> {
  const source = new Source()
  namespaces += 1
  const open = async () => {
    const cache = createCache(where === 'redis' ? { namespace: `races-${namespaces}`, redis: redis.url } : {})
    onTestFinished(() => cache.close())
    await cache.ready()
    return new Rows(cache, source)
  }
  const near = await open()
  return { near, far: where === 'redis' ? await open() : near, source }
}

const writes = ['writeByTag', 'writeByEntry', 'writeByName', 'put'] as const

describe.each(['memory', 'redis'] as const)('with %s, a load that began before the write', (where) => {
  test.each(writes)('is neither kept nor joined on the same node: %s', async (write) => {
    const { near, source } = await fleet(where)
    const gate = source.hold()
    const first = near.byId(1)
    await gate.begun
    await near[write](1)
    const second = near.byId(1)
    gate.release()
    await first
    expect(await second).toBe('new')
    await near.cache.drain()
    expect(await near.byId(1)).toBe('new')
  })

  test.each(writes)('is not kept by any node when another one wrote: %s', async (write) => {
    const { near, far, source } = await fleet(where)
    const gate = source.hold()
    const first = near.byId(1)
    await gate.begun
    await far[write](1)
    gate.release()
    await first
    await near.cache.drain()
    expect(await far.byId(1)).toBe('new')
    await expect.poll(() => near.byId(1), { timeout: 2_000, interval: 20 }).toBe('new')
    await near.cache.drain()
    expect(await near.byId(1)).toBe('new')
  })
})
