import { waitUntil } from '../clock.ts'
import { CacheClosed, type RedisFailure, RedisUnavailable } from '../errors.ts'
import { followingOf } from '../invalidation/following.ts'
import { applyLocally } from '../invalidation/local-effects.ts'
import { fillMemory, harvest, noteStoreFailure } from './commit.ts'
import { frameOf, type Origin } from './frame/frames.ts'
import { invalidate, type Receipt, receiptOf } from './invalidate.ts'
import { forceLease, keepAlive } from './lease.ts'
import type { Loaded } from './load/load.ts'
import type { Operation } from './operation.ts'
import type { Lease, RemoteTier } from './remote.ts'

/**
 * Writes through: runs the write, then stores what it returned.
 *
 * Fenced like a load: the lease is taken from whoever holds it before the write begins. If another write-through or an
 * invalidation took it since, the entry is deleted instead, because two writers do not know which of them was last.
 */
export async function put(op: Operation): Promise<unknown> {
  const { engine } = op
  const mine = {}
  applyLocally(engine, { keys: [op], members: [] })
  engine.puts.set(op.key, mine)
  if (engine.writes.size > 0) await engine.writes.settled([op.key])
  const lease = await forceLease(op)
  const born = engine.fences.events
  const origin: Origin = { incarnation: engine.link.incarnation, reading: engine.link.reading }
  const letGo = lease === undefined ? () => {} : keepAlive(op, lease)
  let loaded: Loaded
  try {
    const startedAt = engine.clock.now()
    const value = await op.loader()
    const endedAt = engine.clock.now()
    loaded = { value, endedAt, duration: endedAt - startedAt }
  } catch (error) {
    if (engine.puts.get(op.key) === mine) engine.puts.delete(op.key)
    if (lease !== undefined) engine.remote?.release(op, lease, true)
    throw error
  } finally {
    letGo()
  }
  await store(op, { loaded, lease, origin, born, last: engine.puts.get(op.key) === mine })
  return loaded.value
}

/**
 * Stores what the caller asserts to be current, everywhere.
 *
 * A write whose outcome is not known becomes an invalidation of the key. It may still be on its way, on a connection that is
 * no longer ours; but Redis refuses it after its deadline. So the invalidation waits for that: sent at once, on another
 * connection, it could be overtaken by what it is to undo. What is called after it for the same key waits as long.
 */
export async function set(op: Operation, value: unknown): Promise<Receipt> {
  const { engine } = op
  if (engine.settings.closed) throw new CacheClosed()
  applyLocally(engine, { keys: [op], members: [] })
  const { entry } = harvest(op, { value, endedAt: engine.clock.now(), duration: 0 }, engine.fences.events)
  if (entry === undefined) return invalidate(engine, { addresses: [op], tags: [], names: [], namespace: false })
  op.state.counters.sets += 1
  if (engine.remote === undefined) {
    fillMemory(op, entry, undefined)
    return { delivered: true }
  }
  const { remote } = engine
  const settle = engine.writes.begin(op.key)
  const token = engine.random.bytes(8)
  const origin: Origin = { incarnation: engine.link.incarnation, reading: engine.link.reading }
  let deadline = 0
  try {
    if (!remote.isOpen) await remote.untilFirstOpen(engine.settings.firstConnection)
    deadline = remote.deadline()
    const reading = await remote.write(op, (life) => frameOf(op, entry, { token, life }, origin), deadline)
    applyLocally(engine, { keys: [op], members: [] })
    return receiptOf(engine, reading)
  } catch (error) {
    noteStoreFailure(op, error)
    // A cache that was closed meanwhile cannot undo it.
    if (mayStillHappen(error) && !engine.settings.closed) await waitUntil(engine.clock, deadline)
  } finally {
    settle()
  }
  return invalidate(engine, { addresses: [op], tags: [], names: [], namespace: false })
}

/** After these failures the write was not sent, or Redis has answered that it does not take it. */
const SETTLED: ReadonlySet<RedisFailure> = new Set(['shut', 'oom', 'wrongtype'])

function mayStillHappen(error: unknown): boolean {
  return error instanceof RedisUnavailable && !SETTLED.has(error.reason)
}

interface Written {
  readonly loaded: Loaded
  readonly lease: Lease | undefined
  readonly origin: Origin
  readonly born: number
  /** No later write-through and no invalidation of the key began in this process since. */
  readonly last: boolean
}

async function store(op: Operation, { loaded, lease, origin, born, last }: Written): Promise<void> {
  const { engine, state } = op
  engine.puts.delete(op.key)
  applyLocally(engine, { keys: [op], members: [] })
  const { entry } = harvest(op, loaded, born)
  if (entry !== undefined && last && engine.remote === undefined) {
    state.counters.sets += 1
    fillMemory(op, entry, undefined)
    return
  }
  if (entry !== undefined && last && lease !== undefined) {
    try {
      const { remote } = engine as { remote: RemoteTier }
      const { verdict, reading } = await remote.commitPut(op, lease, frameOf(op, entry, lease, origin))
      if (verdict === 'stored') state.counters.sets += 1
      else state.counters.rejected += 1
      applyLocally(engine, { keys: [op], members: [] })
      followingOf(engine.owner)?.wrote(reading, engine.clock.now())
      return
    } catch (error) {
      noteStoreFailure(op, error)
    }
  }
  await invalidate(engine, { addresses: [op], tags: [], names: [], namespace: false })
}
