import { tagDigest } from '@granary/serialization'
import { type Duration, parseDuration } from '../duration.ts'
import type { Entry, FreshEntry } from '../entry/entry.ts'
import { planExpiry } from '../entry/expiry.ts'
import { prepareLoaded } from '../entry/stored-value.ts'
import { RedisUnavailable } from '../errors.ts'
import type { Flight } from '../flight/flight.ts'
import { frameOf, type Origin } from './frame/frames.ts'
import type { Landing } from './landing.ts'
import type { Loaded } from './load/load.ts'
import type { Operation } from './operation.ts'
import { keepAside } from './pushed.ts'
import { noteRedisFailure } from './redis-failure.ts'
import type { Lease } from './remote.ts'

/** Shared by all entries that carry none. */
const NO_TAGS: readonly string[] = Object.freeze([])

/** Those of a value whose tags could not be computed: whatever was invalidated may have been one of them. */
export const UNKNOWN_TAGS: readonly string[] = Object.freeze([])

/** What a load became: something to serve, and an entry to store unless it may not be stored. */
export interface Harvest {
  readonly landing: Landing
  readonly entry: FreshEntry | undefined
}

/** Turns a loaded value into an entry: whether it may be stored, its tags, its life, its private form. */
export function harvest(op: Operation, loaded: Loaded, born: number): Harvest {
  const { engine, policy } = op
  const { value } = loaded
  const negative = value === null || value === undefined
  const served = { value, negative, source: 'loader', freshness: 'fresh', born, created: loaded.endedAt } as const
  const notStored = (tags: readonly string[]): Harvest => ({
    landing: { ...served, shared: true, tags },
    entry: undefined,
  })
  const options = readOptions(op, value, negative)
  if (options === undefined) return notStored(UNKNOWN_TAGS)
  const tags = options.tags.length === 0 ? NO_TAGS : options.tags.map(tagDigest)
  if (!options.store) return notStored(tags)
  const stored = prepareLoaded(value, policy, engine.registry)
  if ('path' in stored) {
    op.state.counters.refused += 1
    engine.telemetry.emit({ type: 'value-refused', name: policy.name, key: op.key, ...stored })
    return notStored(tags)
  }
  const life = { created: loaded.endedAt, loadTime: loaded.duration, ttl: options.ttl }
  const times = planExpiry(life, policy, engine.random)
  return {
    landing: { ...served, value: stored.value, shared: stored.shared, tags },
    entry: { ...times, ...stored, negative, tags, born, version: '' },
  }
}

/** Keeps an entry in memory, unless something it depends on was invalidated after it was born, or memory is not proven. */
export function fillMemory(op: Operation, entry: Entry, flight: Flight | undefined, now = op.engine.clock.now()): void {
  const { fences, memory, link, settings, telemetry } = op.engine
  if (op.policy.strong || flight?.detached) return
  if (now >= link.freshUntil && settings.serveL1For === 0) return
  if (wasInvalidated(op, entry.tags, entry.born)) return
  if (flight?.pushed) {
    keepAside(op.engine, op, { segment: op.state.segment, entry })
    return
  }
  memory.put(op.state.segment, op.local, entry, fences.tagEvents)
  if (telemetry.wants('entry-stored')) {
    telemetry.emit({ type: 'entry-stored', name: op.policy.name, key: op.key, tier: 'l1', bytes: entry.bytes })
  }
}

/** Whether the entry's name or one of its tags had an event after `born`, or is being invalidated right now. */
export function wasInvalidated(op: Operation, tags: readonly string[], born: number): boolean {
  const { fences } = op.engine
  const { segment } = op.state
  if (segment.clearedAt > born || fences.lastEventOf(tags) > born) return true
  return fences.isPending(op.key, tags) || fences.isPending(op.key, op.state.members)
}

/** Stores an entry in Redis under the lease of its load. Not waited for by callers; a rejection takes the memory copy along. */
export async function commit(
  op: Operation,
  entry: FreshEntry,
  lease: Lease,
  origin: Origin,
): Promise<'stored' | 'rejected' | 'failed'> {
  const { engine, state } = op
  try {
    const frame = frameOf(op, entry, lease, origin)
    const verdict = await (engine.remote as NonNullable<typeof engine.remote>).commit(op, lease, frame)
    if (verdict === 'rejected') {
      state.counters.rejected += 1
      dropOwnCopy(op, entry)
      if (engine.telemetry.wants('commit-rejected'))
        engine.telemetry.emit({ type: 'commit-rejected', name: op.policy.name, key: op.key })
      return verdict
    }
    state.counters.bytesWritten += frame.bytes.length
    if (engine.telemetry.wants('entry-stored')) {
      engine.telemetry.emit({
        type: 'entry-stored',
        name: op.policy.name,
        key: op.key,
        tier: 'l2',
        bytes: frame.bytes.length,
      })
    }
    return verdict
  } catch (error) {
    noteStoreFailure(op, error)
    if (engine.settings.coherence === 'tracking') dropOwnCopy(op, entry)
    engine.remote?.release(op, lease, false)
    return 'failed'
  }
}

/** A value that was not stored: Redis would not take it, or it does not fit into a frame. */
export function noteStoreFailure(op: Operation, error: unknown): void {
  if (error instanceof RedisUnavailable) {
    noteRedisFailure(op, error)
    return
  }
  const { engine, state, policy, key } = op
  state.counters.refused += 1
  const reason = error instanceof Error ? error.message : String(error)
  engine.telemetry.emit({ type: 'value-refused', name: policy.name, key, path: '', reason })
}

function dropOwnCopy(op: Operation, entry: Entry): void {
  const held = op.engine.memory.find(op.state.segment, op.local)
  if (held !== undefined && held.value === entry.value && held.born === entry.born)
    op.engine.memory.remove(op.state.segment, op.local, 'invalidated')
}

interface EntryOptions {
  readonly store: boolean
  readonly tags: readonly string[]
  readonly ttl: number
}

/** Asks the policy's functions. One that throws must not harm the call: the value is served and not stored. */
function readOptions(op: Operation, value: unknown, negative: boolean): EntryOptions | undefined {
  const { policy, self, args } = op
  let option = 'shouldCache'
  try {
    const store = policy.shouldCache?.call(self, value as never, ...(args as never[])) ?? true
    option = negative ? 'negativeTags' : 'tags'
    const tags = tagsOf(op, value, negative)
    option = 'ttl'
    const ttl = negative ? policy.negativeTtl : ttlOf(op, value)
    return { store, tags, ttl }
  } catch (cause) {
    op.state.counters.errors += 1
    op.engine.telemetry.emit({ type: 'option-failed', name: policy.name, option, cause })
    return undefined
  }
}

function tagsOf({ policy, self, args }: Operation, value: unknown, negative: boolean): readonly string[] {
  const tags = negative
    ? (policy.negativeTags?.call(self, ...(args as never[])) ?? (typeof policy.tags === 'function' ? [] : policy.tags))
    : typeof policy.tags === 'function'
      ? policy.tags.call(self, value as never, ...(args as never[]))
      : policy.tags
  for (const tag of tags) {
    if (typeof tag !== 'string' || tag === '') throw new TypeError(`tags must be non-empty strings, not ${String(tag)}`)
  }
  return tags
}

function ttlOf({ policy, self, args }: Operation, value: unknown): number {
  if (typeof policy.ttl === 'number') return policy.ttl
  const ttl: Duration = policy.ttl.call(self, value as never, ...args)
  return parseDuration(ttl, `${policy.name}: ttl`)
}
