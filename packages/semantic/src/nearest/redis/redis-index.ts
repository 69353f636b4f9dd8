import {
  type Clock,
  InvalidOption,
  type Random,
  type RedisSource,
  redisHandle,
  systemClock,
  systemRandom,
} from '@granary/core'
import { createSealer, digestText, type Sealer, type SealingKey } from '@granary/serialization'
import type { Neighbour, NewIndexEntry, VectorIndex } from '../vector-index.ts'
import { IndexUnavailable, RedisLine } from './redis-line.ts'
import { RedisScope, type ScopeBounds } from './redis-scope.ts'
import { NOTE_TAG } from './scripts.ts'
import { Vault } from './vault.ts'

/** Options of {@link redisIndex}. */
export interface RedisIndexOptions {
  /** `cache.redis`, or whatever a cache takes as `redis` (a client is duplicated, never used itself). A plain Redis 7: no module is needed. */
  readonly redis: RedisSource | undefined
  /** In front of every key. Default: `'semantic'`. */
  readonly namespace?: string
  /** Entries of one scope; past it the one that ends first goes. From 1 to 1,000,000. Default: 100,000. */
  readonly maxEntries?: number
  /** Memory for the codes that this process mirrors, 32 bytes an entry; past it the scope used longest ago is forgotten and read again when it is needed. Default: 64 MiB. */
  readonly maxMirrorBytes?: number
  /**
   * Keys that seal texts, vectors and tags in Redis, the first one, or `false` to keep them in the clear. Default: those of the cache
   * whose `cache.redis` this is.
   */
  readonly encrypt?: { readonly keys: readonly SealingKey[] } | false
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the system's. */
  readonly random?: Random
}

/** Changes that a scope's log keeps: a process that was away for longer reads all codes anew. */
const LONGEST_LOG = 65_536

/** Members of a tag that are deleted with one command. */
const TAG_PIECE = 500

/**
 * The index of a fleet on a plain Redis: entries are in Redis, and each process mirrors a code of 32 bytes for each of them.
 *
 * A search compares codes in the process, reads the nearest entries, and ranks them by their vectors: one round trip, or two when
 * somebody has just added a nearer one. What one process adds or deletes, the next search of any other knows. Whatever was read
 * from Redis is taken with care: bytes that are no entry are none.
 *
 * Where the cache has `encrypt` keys, entries are sealed with AES-256-GCM, bound to their scope: text, vector, tags and id. Every key
 * opens, so keys are rotated as those of the cache; an entry that no key opens, and one in the clear, is none. What Redis itself must
 * read stays readable: digests of scopes, requests and tags, when entries end, which answers are equal, and codes of 256
 * bits, which tell how near entries are to each other. Without keys texts and vectors stand there as they are.
 *
 * @throws InvalidOption when an option cannot be used.
 * @throws InvalidSealingKey when a key of `encrypt` is none.
 */
export function redisIndex(options: RedisIndexOptions): VectorIndex {
  return new RedisIndex(options)
}

class RedisIndex implements VectorIndex {
  readonly #namespace: string
  readonly #line: RedisLine
  readonly #bounds: ScopeBounds
  readonly #maxMirrorBytes: number
  readonly #random: Random
  readonly #vault: Vault
  /** By name; the one used longest ago is the first. */
  readonly #scopes = new Map<string, RedisScope>()

  constructor(options: RedisIndexOptions) {
    const { namespace = 'semantic', maxEntries = 100_000, maxMirrorBytes = 64 * 1_024 * 1_024 } = options
    if (!/^[\w.:-]{1,64}$/.test(namespace))
      throw new InvalidOption('namespace', namespace, 'it is 1 to 64 letters, digits, or any of . : - _')
    whole('maxEntries', maxEntries, 1, 1_000_000)
    whole('maxMirrorBytes', maxMirrorBytes, 1_024, 2 ** 40)
    this.#namespace = namespace
    this.#line = new RedisLine(options.redis, options.clock ?? systemClock)
    this.#bounds = { maxEntries, longestLog: LONGEST_LOG }
    this.#maxMirrorBytes = maxMirrorBytes
    this.#random = options.random ?? systemRandom
    this.#vault = new Vault(sealerOf(options))
  }

  async add(scope: string, entry: NewIndexEntry, ttl: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (!(ttl >= 1)) throw new InvalidOption('ttl', ttl, 'it is at least 1 millisecond')
    const life = Math.ceil(ttl)
    const member = JSON.stringify([scope, entry.id])
    // The tags first: an entry that its tags do not know could not be deleted by them.
    await Promise.all(
      entry.tags.map((tag) => this.#line.run(NOTE_TAG, [this.#tagKey(tag)], [life, member], { signal })),
    )
    await this.#scope(scope).add(entry, life, signal)
    this.#forgetMirrors(scope)
  }

  async search(
    scope: string,
    vector: Float32Array,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Neighbour[]> {
    signal?.throwIfAborted()
    const found = await this.#scope(scope).search(vector, limit, signal)
    this.#forgetMirrors(scope)
    return found
  }

  async relink(scope: string, id: string, answer: string, signal?: AbortSignal): Promise<void> {
    await this.#scope(scope).relink(id, answer, signal)
  }

  async delete(scope: string, id: string, signal?: AbortSignal): Promise<void> {
    await this.#scope(scope).delete([id], signal)
  }

  async deleteTagged(tag: string, signal?: AbortSignal): Promise<void> {
    const key = this.#tagKey(tag)
    for (;;) {
      const [found] = await this.#line.send([['ZRANGE', key, 0, TAG_PIECE - 1]], signal)
      const members = Array.isArray(found) ? found : []
      if (members.length === 0) return
      const ids = new Map<string, string[]>()
      for (const member of members) {
        const [scope, id] = readMember(member)
        ids.set(scope, [...(ids.get(scope) ?? []), id])
      }
      await Promise.all(Array.from(ids, ([scope, list]) => this.#scope(scope).delete(list, signal)))
      await this.#line.send([['ZREM', key, ...members]], signal)
    }
  }

  async close(): Promise<void> {
    this.#scopes.clear()
    await this.#line.close()
  }

  #scope(name: string): RedisScope {
    const known = this.#scopes.get(name)
    const scope =
      known ??
      new RedisScope(
        { line: this.#line, random: this.#random, vault: this.#vault },
        { prefix: `${this.#namespace}:{${digestText(name)}}`, ...this.#bounds },
      )
    this.#scopes.delete(name)
    this.#scopes.set(name, scope)
    return scope
  }

  /** Forgets the mirrors used longest ago while there are too many, the one in use apart. */
  #forgetMirrors(inUse: string): void {
    let bytes = 0
    for (const scope of this.#scopes.values()) bytes += scope.bytes
    for (const [name, scope] of this.#scopes) {
      if (bytes <= this.#maxMirrorBytes) return
      if (name === inUse) continue
      bytes -= scope.bytes
      this.#scopes.delete(name)
    }
  }

  #tagKey(tag: string): string {
    return `${this.#namespace}:tag:${digestText(tag)}`
  }
}

function sealerOf({ redis, encrypt }: RedisIndexOptions): Sealer | undefined {
  if (encrypt === false) return undefined
  if (encrypt === undefined) return redisHandle(redis).sealer
  if (typeof encrypt !== 'object' || encrypt === null || !Array.isArray(encrypt.keys))
    throw new InvalidOption('encrypt', encrypt, 'it is { keys: [{ id, key }] } or false')
  return createSealer(encrypt)
}

function readMember(member: unknown): [scope: string, id: string] {
  const parsed: unknown = JSON.parse(String(member))
  if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string')
    return [parsed[0], parsed[1]]
  throw new IndexUnavailable('A tag in Redis names something that is no entry.')
}

function whole(option: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new InvalidOption(
      option,
      value,
      `it is a whole number from ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`,
    )
}
