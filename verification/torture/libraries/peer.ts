import type { Home } from './library.ts'

/** One entry as other libraries know it: a key, a life in milliseconds, and tags where they have them. */
export interface PeerEntry {
  readonly key: string
  readonly ttl: number
  readonly tags: readonly string[]
}

/** Another library behind the few calls that all of them have. */
export interface PeerCache<V> {
  getOrSet(entry: PeerEntry, load: () => Promise<V>): Promise<V>
  set(entry: PeerEntry, value: V): Promise<unknown>
  delete(entry: PeerEntry): Promise<unknown>
  /** Without it, every key that carries one of the tags is deleted. */
  deleteByTag?(tags: readonly string[]): Promise<unknown>
  /** Without it, every key is deleted. */
  clear?(): Promise<unknown>
  close(): Promise<unknown>
}

/** Opens another library's cache, set up as its own pages say. */
export type OpenPeer = <V>(home: Home) => Promise<PeerCache<V>>
