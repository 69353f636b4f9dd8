import type { Random } from '@granary/core'
import { dot } from '../../embed/vector.ts'
import type { Neighbour, NewIndexEntry } from '../vector-index.ts'
import { type Mean, meanFromBytes, meanOf, meanToBytes } from './mean.ts'
import { Mirror } from './mirror.ts'
import { type Command, IndexUnavailable, type RedisLine } from './redis-line.ts'
import { ADD, DELETE, RECODE, RELINK, SWEEP, SYNC } from './scripts.ts'
import { CODE_BYTES, signCode } from './sign-code.ts'
import { ENTRY_LIMIT, readEntry, type StoredEntry, writeEntry } from './stored-entry.ts'
import { readSync, type SyncReply } from './sync-reply.ts'
import { SEALED_OVERHEAD, type Vault } from './vault.ts'

/** The bounds of one scope. */
export interface ScopeBounds {
  readonly maxEntries: number
  readonly longestLog: number
}

/** What all scopes of an index share. */
export interface ScopeParts {
  readonly line: RedisLine
  readonly random: Random
  readonly vault: Vault
}

/** Entries that are read at least: signs are an estimate, vectors decide. */
const CANDIDATES = 20

/** Entries that are read beyond those asked for: some may have ended. */
const SPARE = 8

/** While a scope is this small its codes have no mean, and this many candidates are read to make up for it. */
const SMALL = 256

/** Changes in one answer. */
const PIECE = 4_096

/** Codes read with one command when a mirror begins. */
const CODES_PIECE = 8_192

/** Rounds of a search: others may delete what it is about to read. */
const MOST_ROUNDS = 4

/** Attempts of a write whose code was made for a generation that has ended. */
const MOST_ATTEMPTS = 4

/** One scope in Redis, and this process's mirror of it. */
export class RedisScope {
  readonly #line: RedisLine
  readonly #random: Random
  readonly #bounds: ScopeBounds
  readonly #vault: Vault
  readonly #keys: readonly string[]
  #mirror: Mirror | undefined
  #mean: Mean | undefined
  #tidying = false

  constructor({ line, random, vault }: ScopeParts, { prefix, ...bounds }: ScopeBounds & { readonly prefix: string }) {
    this.#line = line
    this.#random = random
    this.#vault = vault
    this.#bounds = bounds
    this.#keys = ['m', 'l', 'c', 'e', 'a', 'i', 'x', 'f', 'v'].map((part) => `${prefix}:${part}`)
  }

  /** Bytes that its mirror takes. */
  get bytes(): number {
    return this.#mirror?.bytes ?? 0
  }

  /** This process's copy of the codes, for tests; undefined before the first use and of an empty scope. */
  get mirror(): Mirror | undefined {
    return this.#mirror
  }

  /** Adds an entry, or replaces the one with its id. */
  async add(entry: NewIndexEntry, life: number, signal: AbortSignal | undefined): Promise<void> {
    const bytes = writeEntry(entry)
    if (bytes === undefined)
      throw new IndexUnavailable(`The text is too long for the index: more than ${ENTRY_LIMIT} bytes.`)
    const sealed = this.#vault.close(this.#keys[3] as string, bytes)
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      await this.#catchUp(entry.vector.length, signal)
      const generation = this.#mirror?.generation ?? ''
      const code = signCode(entry.vector, this.#mean)
      const { maxEntries, longestLog } = this.#bounds
      const args = [generation, code, entry.id, sealed, entry.answer, life, this.#newName(), maxEntries, longestLog]
      const [added] = await this.#line.run(ADD, this.#keys, args, { signal })
      if (added === 1) return
    }
    throw new IndexUnavailable('The scope in Redis changed faster than an entry could be added.')
  }

  /**
   * The entries nearest to a vector. Most searches are one round: a scan of the mirror, and one round trip for the entries. When
   * the scope turns out to have changed, or too many of the entries to have ended, it is scanned once more.
   */
  async search(vector: Float32Array, limit: number, signal: AbortSignal | undefined): Promise<Neighbour[]> {
    if (this.#mirror === undefined) await this.#catchUp(vector.length, signal)
    const found = new Map<number, Neighbour | undefined>()
    for (let round = 0; round < MOST_ROUNDS && this.#mirror !== undefined; round++) {
      const { generation, position } = this.#mirror
      const unread = this.#candidates(vector, limit, found)
      if (unread.length === 0 && round > 0) break
      await this.#read(unread, vector, { found, signal })
      const mirror = this.#mirror as Mirror | undefined
      // Places of another generation are other entries.
      if (mirror?.generation !== generation) found.clear()
      else if (mirror.position === position && !isShort(found, limit)) break
    }
    this.#tidySoon(vector.length, [...found.values()].includes(undefined))
    return nearest(found, limit)
  }

  /** Gives an entry another answer id. */
  async relink(id: string, answer: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#line.run(RELINK, this.#keys, [id, answer], { signal })
  }

  /** Deletes entries. */
  async delete(ids: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await this.#line.run(DELETE, this.#keys, ids, { signal })
  }

  /** The places worth reading that were not read: the nearest by code, those found to have ended not counted. */
  #candidates(
    vector: Float32Array,
    limit: number,
    found: ReadonlyMap<number, Neighbour | undefined>,
  ): readonly number[] {
    const mirror = this.#mirror
    if (mirror === undefined) return []
    const least = mirror.slots <= SMALL ? 3 * CANDIDATES : CANDIDATES
    const ended = [...found.values()].filter((neighbour) => neighbour === undefined).length
    const near = mirror.nearest(signCode(vector, this.#mean), Math.max(limit + SPARE, least) + ended)
    return near.map(({ slot }) => slot).filter((slot) => !found.has(slot))
  }

  /** Reads entries and what has changed meanwhile, in one round trip. */
  async #read(
    slots: readonly number[],
    vector: Float32Array,
    { found, signal }: { found: Map<number, Neighbour | undefined>; signal: AbortSignal | undefined },
  ): Promise<void> {
    const [entries, answers] = [this.#keys[3] as string, this.#keys[4] as string]
    const beside: Command[] =
      slots.length === 0
        ? []
        : [
            ['HMGET', entries, ...slots],
            ['HMGET', answers, ...slots],
          ]
    const [synced, blobs, ends] = await this.#line.run(SYNC, this.#keys, this.#since(), { signal, beside })
    const reply = readSync(synced)
    for (const [at, slot] of slots.entries()) {
      const stored = this.#entryIn((blobs as unknown[])[at], vector.length)
      found.set(slot, neighbourOf(stored, (ends as unknown[])[at], vector, reply.now))
    }
    await this.#apply(reply, vector.length, signal)
  }

  async #catchUp(dimensions: number, signal: AbortSignal | undefined): Promise<void> {
    const [synced] = await this.#line.run(SYNC, this.#keys, this.#since(), { signal })
    await this.#apply(readSync(synced), dimensions, signal)
  }

  #since(): [generation: string, position: number, most: number] {
    return [this.#mirror?.generation ?? '', this.#mirror?.position ?? 0, PIECE]
  }

  async #apply(reply: SyncReply, dimensions: number, signal: AbortSignal | undefined): Promise<void> {
    if (reply.kind === 'nothing') {
      this.#mirror = undefined
      this.#mean = undefined
    } else if (reply.kind === 'anew') {
      await this.#begin(reply, dimensions, signal)
    } else {
      this.#follow(reply)
      if (reply.changes.length === PIECE) await this.#catchUp(dimensions, signal)
    }
  }

  #follow({ generation, position, changes }: Extract<SyncReply, { kind: 'changes' }>): void {
    const mirror = this.#mirror
    // Two searches at a time bring the same changes twice; older ones must not undo newer ones.
    if (mirror?.generation !== generation || position <= mirror.position) return
    for (const { slot, code } of changes) mirror.put(slot, code)
    mirror.position = position
  }

  /** Reads all codes. What changes while they are read stands in the log behind `position`, and is read after. */
  async #begin(
    { generation, position, places, hasMean }: Extract<SyncReply, { kind: 'anew' }>,
    dimensions: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const codesKey = this.#keys[2] as string
    const commands: Command[] = []
    for (let at = 0; at < places; at += CODES_PIECE)
      commands.push(['GETRANGE', codesKey, at * CODE_BYTES, Math.min(places, at + CODES_PIECE) * CODE_BYTES - 1])
    const [mean, ...pieces] = await this.#line.send([['GET', this.#keys[8] as string], ...commands], signal)
    this.#mean = hasMean && mean instanceof Uint8Array ? this.#meanIn(mean, dimensions) : undefined
    this.#mirror = new Mirror(generation, position, Buffer.concat(pieces as Uint8Array[]))
    await this.#catchUp(dimensions, signal)
  }

  /**
   * Work for which nobody waits: what has ended is dropped; and when a scope has grown out of being small, one process makes all
   * codes anew, with a mean.
   */
  #tidySoon(dimensions: number, hasEnded: boolean): void {
    const mirror = this.#mirror
    if (mirror === undefined || this.#tidying) return
    const outgrown = mirror.slots > SMALL && this.#mean === undefined
    if (!outgrown && !hasEnded) return
    this.#tidying = true
    const tidy = async () => {
      if (hasEnded) await this.#line.run(SWEEP, this.#keys, [], { signal: undefined })
      if (outgrown) await this.#recode(mirror, dimensions)
    }
    tidy()
      .catch(() => {})
      .finally(() => {
        this.#tidying = false
      })
  }

  async #recode({ generation, position, slots }: Mirror, dimensions: number): Promise<void> {
    const places = Array.from({ length: slots }, (_, slot) => slot)
    const [blobs] = await this.#line.send([['HMGET', this.#keys[3] as string, ...places]], undefined)
    const entries = (blobs as unknown[]).map((blob) => this.#entryIn(blob, dimensions))
    const mean = meanOf(entries.flatMap((entry) => (entry === undefined ? [] : [entry.vector])))
    if (mean === undefined) return
    const codes = Buffer.concat(
      entries.map((entry) => (entry === undefined ? new Uint8Array(CODE_BYTES) : signCode(entry.vector, mean))),
    )
    const sealed = this.#vault.close(this.#keys[8] as string, meanToBytes(mean))
    const args = [generation, position, this.#newName(), codes, sealed]
    await this.#line.run(RECODE, this.#keys, args, { signal: undefined })
  }

  #entryIn(blob: unknown, dimensions: number): StoredEntry | undefined {
    if (!(blob instanceof Uint8Array) || blob.length > ENTRY_LIMIT + SEALED_OVERHEAD) return undefined
    const plain = this.#vault.open(this.#keys[3] as string, blob)
    return plain && readEntry(plain, dimensions)
  }

  #meanIn(bytes: Uint8Array, dimensions: number): Mean | undefined {
    const plain = this.#vault.open(this.#keys[8] as string, bytes)
    return plain && meanFromBytes(plain, dimensions)
  }

  /** A name for a new generation. */
  #newName(): string {
    return Buffer.from(this.#random.bytes(12)).toString('base64url')
  }
}

function neighbourOf(
  stored: StoredEntry | undefined,
  ends: unknown,
  vector: Float32Array,
  now: number,
): Neighbour | undefined {
  const [, until, answer] = /^(\d+) (.*)$/s.exec(ends instanceof Uint8Array ? String(ends) : '') ?? []
  if (stored === undefined || answer === undefined || Number(until) <= now) return undefined
  const { id, text, tags } = stored
  const length = Math.sqrt(dot(stored.vector, stored.vector))
  const similarity = length === 0 ? 0 : Math.min(1, dot(vector, stored.vector) / length)
  return { id, text, tags, answer, similarity }
}

/** Whether entries that have ended took the places of others. */
function isShort(found: ReadonlyMap<number, Neighbour | undefined>, limit: number): boolean {
  const all = [...found.values()]
  return all.includes(undefined) && all.filter((neighbour) => neighbour !== undefined).length < limit
}

function nearest(found: ReadonlyMap<number, Neighbour | undefined>, limit: number): Neighbour[] {
  return [...found.values()]
    .filter((neighbour) => neighbour !== undefined)
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, limit)
}
