import { decodeFrame, FrameError, type ReadFrame } from '@granary/serialization'
import type { Entry, EntryTimes } from '../entry/entry.ts'
import { judgeFreshness } from '../entry/freshness.ts'
import { mayShare } from '../entry/stored-value.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { Engine } from './engine.ts'
import { isIntact } from './frame/checksum.ts'
import { mustSeal, sealContext } from './frame/frames.ts'
import type { Landing } from './landing.ts'
import type { Operation } from './operation.ts'
import type { RemoteReply, RemoteTier } from './remote.ts'

/** An entry of process memory that may be used, and how. */
export interface LocalFind {
  readonly entry: Entry
  readonly freshness: Landing['freshness']
}

/** What L2 holds for a key. */
export type RemoteFind =
  /** Redis did not answer, or holds what only a newer version can read: load without a lease. */
  | { readonly status: 'unusable' }
  /** Nothing to serve; `seen` and `mode` are for acquiring, `leasedUntil` says that another process is loading. */
  | {
      readonly status: 'absent'
      readonly seen: Uint8Array
      readonly mode: 'keep' | 'drop' | 'broken'
      readonly leasedUntil: number
    }
  | {
      readonly status: 'found'
      readonly entry: Entry
      readonly freshness: Exclude<Landing['freshness'], 'unproven'>
      readonly frame: ReadFrame
      readonly leasedUntil: number
    }

const NO_VERSION = new Uint8Array(8)
const NOT_LEASED = Number.NEGATIVE_INFINITY

/** No holder asks for more than this at a time, in milliseconds: a later end is damage, and would be waited for. */
const LONGEST_LEASE = 60_000

/** Looks in process memory: usable only while proven fresh and with no event of the entry's tags since it was born. */
export function lookInMemory({ engine, state, policy, local, following }: Operation): LocalFind | undefined {
  const slot = state.segment.slots.get(local)
  if (slot === undefined || policy.strong) return undefined
  const { slots } = engine.memory
  const entry = slots.entryAt(slot)
  const now = engine.clock.now()
  const proven = now < engine.link.freshUntil
  if (!proven && !servesOutage(engine, entry, now)) return undefined
  if (following?.isBehind(engine)) return undefined
  const { tagEvents } = engine.fences
  if (!slots.isChecked(slot, tagEvents)) {
    if (engine.fences.lastEventOf(entry.tags) > entry.born) {
      engine.memory.remove(state.segment, local, 'invalidated')
      return undefined
    }
    slots.checked[slot] = tagEvents
  }
  const freshness = judgeFreshness(entry, policy, now, engine.random)
  if (freshness === 'expired') {
    engine.memory.remove(state.segment, local, 'expired')
    return undefined
  }
  slots.visit(slot)
  return { entry, freshness: proven || freshness === 'kept' ? freshness : 'unproven' }
}

/** `outage.serveL1For`: unproven memory is served for a while after it was last proven, or after it was loaded. */
function servesOutage({ link, settings: { serveL1For } }: Engine, entry: Entry, now: number): boolean {
  return serveL1For > 0 && now < Math.max(link.freshUntil, link.provenUntil, entry.created) + serveL1For
}

/** Reads L2 and judges what came: by the protocol first (life, incarnation, tag records), then by age. */
export function lookInRedis(op: Operation, born: number, deadline: number): Promise<RemoteFind> {
  const { remote } = op.engine
  if (remote === undefined) return Promise.resolve({ status: 'unusable' })
  return new Promise<RemoteReply>((resolve, reject) =>
    remote.read({ request: op, deadline, isAnswered: false, resolve, reject }),
  ).then((reply) => judgeReply(op, reply, { born, deadline }))
}

/** What a read depends on besides the reply. */
export interface ReadContext {
  /** The local event count when the read was sent. */
  readonly born: number
  readonly deadline: number
}

/**
 * Judges a reply: what does not decode, belongs to another server life or lost a tag is absent, and must be dropped. Answers
 * at once unless the bus is behind: this path is every L2 hit, and each promise on it would be paid by each of them.
 */
export function judgeReply(op: Operation, reply: RemoteReply, context: ReadContext): RemoteFind | Promise<RemoteFind> {
  const { bytes, exchange } = reply
  const { clock, receivedAt } = exchange
  const { remote, link } = op.engine
  if (remote === undefined || clock === undefined || clock.incarnation !== link.incarnation) {
    remote?.distrust('metadata lost')
    return { status: 'unusable' }
  }
  link.prove(clock, exchange.sentAt)
  if (bytes === undefined) return { status: 'absent', seen: NO_VERSION, mode: 'keep', leasedUntil: NOT_LEASED }
  if (reply.size > bytes.length)
    return rejectFrame(
      op,
      bytes,
      new FrameError('FRAME_LIMIT', `The value has ${reply.size} bytes, more than any entry.`),
    )
  let frame: ReadFrame
  try {
    frame = decodeFrame(bytes)
  } catch (error) {
    return rejectFrame(op, bytes, error)
  }
  if (!frame.placeholder && !isIntact(bytes, op.key))
    return rejectFrame(
      op,
      bytes,
      new FrameError('FRAME_CORRUPT', 'The frame does not match its checksum, or was stored under another key.'),
    )
  const leasedUntil = frame.leased ? remote.leaseEnd(op, frame.leaseDeadline) : NOT_LEASED
  if (leasedUntil > receivedAt + LONGEST_LEASE)
    return rejectFrame(op, bytes, new FrameError('FRAME_CORRUPT', 'The lease never ends.'))
  if (frame.placeholder) return { status: 'absent', seen: NO_VERSION, mode: 'keep', leasedUntil }
  if (!frame.belongsTo(exchange.life, clock.mark)) return outdated(frame, leasedUntil)
  const current = isKnownCurrent(op, frame, clock)
  if (current === false) return outdated(frame, leasedUntil)
  const { born, deadline } = context
  if (current) return find(op, frame, { born, now: receivedAt, leasedUntil })
  return askIfCurrent(op, frame, { clock, deadline }).then((asked) =>
    asked ? find(op, frame, { born, now: op.engine.clock.now(), leasedUntil }) : outdated(frame, leasedUntil),
  )
}

/** A frame whose value may not be served, and must not survive. */
function outdated(frame: ReadFrame, leasedUntil: number): RemoteFind {
  return { status: 'absent', seen: frame.version, mode: 'drop', leasedUntil }
}

/** A valid frame becomes an entry, if its age and its payload allow. */
function find(
  op: Operation,
  frame: ReadFrame,
  { born, now, leasedUntil }: { born: number; now: number; leasedUntil: number },
): RemoteFind {
  const times = timesOf(op, frame)
  const freshness = judgeFreshness(times, op.policy, now, op.engine.random)
  if (freshness === 'expired') return outdated(frame, leasedUntil)
  try {
    return { status: 'found', entry: entryOf(op, frame, times, born), freshness, frame, leasedUntil }
  } catch (error) {
    return rejectFrame(op, frame.bytes, error)
  }
}

/**
 * Whether no tag, the name or the namespace was invalidated after the entry's reading: yes or no when the local records
 * decide, undefined when the bus has not delivered all that the clock counts, or a record has to be asked for.
 */
function isKnownCurrent(op: Operation, frame: ReadFrame, clock: ClockReading): boolean | undefined {
  const { link } = op.engine
  if (clock.tagClock <= link.reading && link.isNewest(frame.reading)) return true
  const members = membersOf(op, frame.tags)
  if (!link.isCurrent(members, frame.reading)) return false
  return clock.tagClock > link.reading || link.unknown(members, frame.reading).length > 0 ? undefined : true
}

/** Waits briefly for the bus, then asks Redis for what is still not known: once per tag. */
async function askIfCurrent(
  op: Operation,
  frame: ReadFrame,
  { clock, deadline }: { clock: ClockReading; deadline: number },
): Promise<boolean> {
  const { link, remote } = op.engine
  const members = membersOf(op, frame.tags)
  const behind = clock.tagClock > link.reading && !(await link.untilDelivered(clock.sequence, BUS_PATIENCE))
  const ask = behind ? members : link.unknown(members, frame.reading)
  if (ask.length > 0) {
    const records = await remote?.records(ask, deadline)
    if (records === undefined) return false
    link.learn(ask, records)
    if (records.some((record) => record > frame.reading)) return false
  }
  // The table is bounded: it may have forgotten, while this waited, what it knew when the question was put.
  const known = members.filter((member) => !ask.includes(member))
  return link.isCurrent(members, frame.reading) && link.unknown(known, frame.reading).length === 0
}

/** How long a read waits for a message that is on its way before it asks Redis, in milliseconds. */
const BUS_PATIENCE = 5

/** The tag members that an entry depends on: its tags, its name and the namespace. */
function membersOf({ state }: Operation, tags: readonly string[]): readonly string[] {
  return tags.length === 0 ? state.members : [...tags, ...state.members]
}

function entryOf(op: Operation, frame: ReadFrame, times: EntryTimes, born: number): Entry {
  const { payloads } = op.engine
  const { bytes } = frame
  const reading = payloads.adopt(bytes, () => sealContext(op.key, frame.associated), {
    start: frame.payloadAt,
    freeze: op.policy.copy === 'freeze',
    sealed: mustSeal(op),
  })
  op.state.counters.bytesRead += bytes.length
  return {
    value: reading.value,
    shared: mayShare(reading, op.policy),
    bytes: reading.bytes,
    created: times.created,
    freshUntil: times.freshUntil,
    staleUntil: times.staleUntil,
    keepUntil: times.keepUntil,
    loadTime: times.loadTime,
    negative: frame.negative,
    tags: frame.tags,
    born,
    version: frame.versionText,
  }
}

function rejectFrame(op: Operation, bytes: Uint8Array, error: unknown): RemoteFind {
  if (!(error instanceof FrameError)) throw error
  op.state.counters.errors += 1
  op.engine.telemetry.emit({ type: 'frame-rejected', name: op.policy.name, key: op.key, cause: error })
  if (error.newer) return { status: 'unusable' }
  return { status: 'absent', seen: bytes.subarray(0, 48), mode: 'broken', leasedUntil: NOT_LEASED }
}

/** Frames carry two ends; how long stale may be served in between is the reader's policy. */
function timesOf({ engine, policy }: Operation, frame: ReadFrame): EntryTimes {
  const remote = engine.remote as RemoteTier
  const freshUntil = Math.ceil(remote.toLocal(frame.freshUntil))
  const keepUntil = Math.ceil(remote.toLocal(frame.hardExpiry))
  return {
    created: Math.floor(remote.toLocal(frame.created)),
    freshUntil,
    staleUntil: Math.min(keepUntil, freshUntil + policy.staleWhileRevalidate),
    keepUntil,
    loadTime: frame.loadTime,
  }
}
