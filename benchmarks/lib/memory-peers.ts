/** The libraries that Granary's memory is measured beside, each used as its own page says, with a bound and a ttl. */
import { cachified } from '@epic-web/cachified'
import { Cacheable as cacheableMethod } from '@type-cacheable/core'
import { useAdapter as lruAdapter } from '@type-cacheable/lru-cache-adapter'
import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createCache as createManager } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Loader } from 'layered-loader'
import { LRUCache } from 'lru-cache'

/** What a peer reads through. */
export type Read<V> = (id: string) => Promise<V | undefined | null>

/** A peer by name; `open` makes a cache of its own, empty, around a loader. */
export interface MemoryPeer {
  readonly name: string
  readonly open: <V extends object>(load: (id: string) => Promise<V>, size: number) => Read<V>
}

const TTL = 600_000

/** Those that answer a hit in well below a microsecond. */
export const FAST_PEERS: readonly MemoryPeer[] = [
  {
    name: 'layered-loader',
    open: (load, size) => {
      const loader = new Loader({
        inMemoryCache: { cacheType: 'lru-map', maxItems: size, ttlInMsecs: TTL },
        dataSources: [{ name: 'load', get: load, getMany: (ids: string[]) => Promise.all(ids.map(load)) }],
      })
      return (id) => loader.get(id) as Promise<never>
    },
  },
  {
    name: 'lru-cache fetch()',
    open: <V extends object>(load: (id: string) => Promise<V>, size: number) => {
      const cache = new LRUCache<string, V>({ max: size, ttl: TTL, fetchMethod: load })
      return (id: string) => cache.fetch(id)
    },
  },
]

/** The others. */
export const OTHER_PEERS: readonly MemoryPeer[] = [
  {
    name: 'async-cache-dedupe',
    open: (load, size) => {
      const cache = createDedupe({ ttl: TTL / 1_000, storage: { type: 'memory', options: { size } } })
      const defined = cache.define('read', load as never) as unknown as { read: (id: string) => Promise<never> }
      return (id) => defined.read(id)
    },
  },
  {
    name: 'cachified',
    open: (load, size) => {
      const cache = new LRUCache<string, never>({ max: size })
      return (key) => cachified({ key, cache: cache as never, ttl: TTL, getFreshValue: () => load(key) })
    },
  },
  {
    name: 'type-cacheable',
    open: (load, size) => {
      lruAdapter(new LRUCache<string, never>({ max: size }) as never)
      const holder = { read: load }
      const descriptor = { value: load, writable: true, configurable: true, enumerable: true }
      const decorate = cacheableMethod({ cacheKey: (args: unknown[]) => String(args[0]), ttlSeconds: TTL / 1_000 })
      const decorated = (decorate(holder, 'read', descriptor) ?? descriptor) as { value: Read<never> }
      return (id) => decorated.value.call(holder, id)
    },
  },
  {
    name: 'cacheable',
    open: (load) => {
      const cache = new Cacheable({ ttl: TTL })
      return (id) => cache.getOrSet(id, () => load(id)) as Promise<never>
    },
  },
  {
    name: 'cache-manager',
    open: (load) => {
      const cache = createManager({ ttl: TTL })
      return (id) => cache.wrap(id, () => load(id))
    },
  },
  {
    name: 'bentocache',
    open: (load, size) => {
      const store = bentostore().useL1Layer(memoryDriver({ maxItems: size }))
      const cache = new BentoCache({ default: 'memory', stores: { memory: store } })
      return (key) => cache.getOrSet({ key, ttl: TTL, factory: () => load(key) })
    },
  },
]
