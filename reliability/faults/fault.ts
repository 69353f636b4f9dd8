import type { CacheOptions, RedisInput, RedisTierOptions } from '@granary/core'
import type { FaultProxy, RedisServer, StartRedisOptions } from '@granary/testing'

/** What a fault is played on. */
export interface Scene {
  readonly redis: RedisServer
  /** Caches reach the server through it. */
  readonly proxy: FaultProxy
  readonly namespace: string
  /** How large a value is that is larger than any of ours, in bytes. */
  readonly hugeBytes: number
}

/** Servers, the way that caches take to them, and what will happen there. */
export interface Playground {
  readonly namespace: string
  readonly client: RedisInput | RedisTierOptions
  /** Begins the fault and resolves to what ends it; undefined when it is there from the start, and nothing ends it. */
  readonly begin: (() => Promise<() => Promise<unknown>>) | undefined
  stop(): Promise<void>
}

/** Something that Redis, or the way to it, does to a cache. */
export interface Fault {
  /** Two or three words: the row's name. */
  readonly name: string
  /** More than one server: it brings its own. */
  readonly playground?: () => Promise<Playground>
  /** How the server is started. */
  readonly server?: StartRedisOptions
  /** How the caches reach Redis; default: through the proxy. */
  readonly client?: (scene: Scene) => RedisInput | RedisTierOptions
  /** More options of the caches; the second reads what the first has written. */
  readonly options?: (which: 'first' | 'second') => Partial<CacheOptions>
  /** Begins it and resolves to what ends it. Without it the fault is there from the start, and nothing ends it. */
  readonly begin?: (scene: Scene) => Promise<() => Promise<unknown>>
}

/** Repeats a piece of work until the returned function is called, which resolves when the last one is done. */
export function repeat(pause: number, work: () => Promise<unknown>): () => Promise<void> {
  let isStopped = false
  const running = (async () => {
    while (!isStopped) {
      await work()
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  })()
  return () => {
    isStopped = true
    return running
  }
}
