import { createCache } from '@granary/core'
import { Cached, CacheScope, configureGranary, granaryConfiguration, Invalidates } from '@granary/decorators'
import { createRateLimiter } from '@granary/rate-limit'
import { describe, expect, test } from 'vitest'
import { configuredCache, memoryCache, rejectionOf, thrownBy } from './fresh-cache.ts'

/** How many hits and misses a cache has counted. */
const callsOf = (cache: { stats(): { names: Record<string, { hits: number; misses: number }> } }, name: string) => {
  const { hits = 0, misses = 0 } = cache.stats().names[name] ?? {}
  return hits + misses
}

describe('the cache of a call', () => {
  test('is the option, else the instance, else the class, else the configured one', async () => {
    const [ofOption, ofInstance, ofClass] = [memoryCache().cache, memoryCache().cache, memoryCache().cache]
    const { cache: configured } = configuredCache()
    @CacheScope({ cache: ofClass })
    class Scoped {
      cache: unknown

      @Cached({ name: 'where:option', ttl: '1m', cache: ofOption })
      async byOption(): Promise<number> {
        return 1
      }

      @Cached({ name: 'where:other', ttl: '1m' })
      async other(): Promise<number> {
        return 1
      }
    }
    class Plain {
      @Cached({ name: 'where:plain', ttl: '1m' })
      async plain(): Promise<number> {
        return 1
      }
    }
    const scoped = new Scoped()
    scoped.cache = ofInstance
    await scoped.byOption()
    await scoped.other()
    expect(callsOf(ofOption, 'where:option')).toBe(1)
    expect(callsOf(ofInstance, 'where:other')).toBe(1)
    await new Scoped().other()
    expect(callsOf(ofClass, 'where:other')).toBe(1)
    await new Plain().plain()
    expect(callsOf(configured, 'where:plain')).toBe(1)
  })

  test('is not an instance property that happens to be called cache', async () => {
    const { cache } = configuredCache()
    class Parser {
      readonly cache = new Map<string, string>()

      @Cached({ name: 'where:parser', ttl: '1m' })
      async parse(text: string): Promise<string> {
        return text
      }
    }
    await new Parser().parse('a')
    expect(callsOf(cache, 'where:parser')).toBe(1)
  })

  test('follows what changes between two calls', async () => {
    const { cache: first } = configuredCache()
    const { cache: second } = memoryCache()
    let runs = 0
    class Moving {
      cache: unknown = undefined

      @Cached({ name: 'where:moving', ttl: '1m' })
      async at(): Promise<number> {
        runs += 1
        return runs
      }
    }
    const moving = new Moving()
    expect(await moving.at()).toBe(1)
    moving.cache = second
    expect(await moving.at()).toBe(2)
    moving.cache = undefined
    expect(await moving.at()).toBe(1)
    const restore = configureGranary({ cache: second })
    expect(await moving.at()).toBe(2)
    restore()
    expect(await moving.at()).toBe(1)
    expect([callsOf(first, 'where:moving'), callsOf(second, 'where:moving')]).toEqual([3, 2])
  })

  test('may come from a getter of a base class', async () => {
    const { cache } = memoryCache()
    class Base {
      get cache() {
        return cache
      }
    }
    class Derived extends Base {
      @Cached({ name: 'where:getter', ttl: '1m' })
      async at(): Promise<number> {
        return 1
      }
    }
    await new Derived().at()
    expect(callsOf(cache, 'where:getter')).toBe(1)
  })

  test('is asked for, at the first call and not before, when there is none', async () => {
    const runs: string[] = []
    class Lost {
      @Cached({ name: 'where:lost', ttl: '1m' })
      async read(): Promise<number> {
        return runs.push('read')
      }

      @Invalidates({ names: ['where:lost'] })
      async write(): Promise<number> {
        return runs.push('write')
      }
    }
    const lost = new Lost()
    const refused = await rejectionOf(lost.read())
    expect(refused).toMatchObject({ code: 'NO_CACHE' })
    expect(refused.message).toContain(
      "@Cached on Lost.read (name 'where:lost') has no cache: call configureGranary({ cache })",
    )
    expect(await rejectionOf(lost.write())).toMatchObject({ code: 'NO_CACHE' })
    expect(runs).toEqual([])
    const { cache } = configuredCache()
    await lost.read()
    expect(callsOf(cache, 'where:lost')).toBe(1)
  })
})

describe('configureGranary', () => {
  test('replaces the settings as a whole and gives back what restores them', () => {
    const { cache } = memoryCache()
    const limiter = createRateLimiter()
    const restoreNothing = configureGranary({ cache, rateLimiter: limiter })
    expect(granaryConfiguration().cache).toBe(cache)
    expect(granaryConfiguration().rateLimiter).toBe(limiter)
    const restore = configureGranary({})
    expect(granaryConfiguration().cache).toBeUndefined()
    restore()
    expect(granaryConfiguration().cache).toBe(cache)
    restoreNothing()
    expect(granaryConfiguration().cache).toBeUndefined()
  })

  test('refuses what is no cache, and options it does not know', () => {
    expect(thrownBy(() => configureGranary({ cache: new Map() as never }))).toMatchObject({ code: 'INVALID_OPTION' })
    expect(thrownBy(() => configureGranary({ caches: [createCache()] } as never)).message).toContain(
      'known options are cache, rateLimiter',
    )
    expect(thrownBy(() => configureGranary({ rateLimiter: 5 as never })).message).toContain('createRateLimiter')
  })
})
